//! Who sits where: somebody signs in, in a role of theirs.

use axum::http::Method;
use ken_core::Ctx;
use ken_directory::practitioner;
use ken_store::Tx;
use ken_testkit::SeededIds;

use crate::browser::Browser;
use crate::world::{World, give_roles};

impl World {
    /// Signs Sam in, who has several roles, and takes one of them.
    pub(crate) async fn sam_as(&self, role: &str) -> Browser {
        self.signed_in_as("Sam Both", role).await
    }

    /// Gives somebody of the council one more role there, and signs them in with it.
    pub(crate) async fn also(&self, name: &str, role: &str) -> Browser {
        let ids = SeededIds::new(12);
        let (ctx, cec) = (Ctx::new(&*self.clock, &ids), "cec".parse().unwrap());
        let give = async |tx: &mut Tx| {
            let staff = practitioner::of_organisation(tx, &ctx, &cec).await?;
            let (who, ..) = staff.into_iter().find(|(_, known, _)| known == name).unwrap();
            give_roles(tx, &ctx, &self.on.keys, who, &[("cec", role)]).await
        };
        self.on.db.write("test.also", give).await.unwrap();
        self.signed_in_as(name, role).await
    }

    /// Signs somebody of the council in, who has several roles, and takes one of them.
    async fn signed_in_as(&self, name: &str, role: &str) -> Browser {
        let mut browser = self.signed_in(name).await;
        let choose = browser.get("/choose").await;
        let csrf = choose.hidden("/choose")[0].1.clone();
        let form = format!("csrf={csrf}&organisation=cec&role={role}");
        browser.send(Method::POST, "/choose", Some(&form)).await;
        browser
    }

    /// Signs somebody of the demonstration in by their button.
    pub(crate) async fn signed_in(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        let page = browser.get("/sign-in").await;
        let account = self.accounts.iter().find(|account| account.name == name).unwrap();
        let csrf = page.hidden("/sign-in").first().unwrap().1.clone();
        let form = format!("csrf={csrf}&account={}", account.account);
        let answer = browser.send(Method::POST, "/sign-in/demo", Some(&form)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }
}
