// Passkeys, walked with Chromium's virtual authenticator: added, used, and refused where a page of
// another origin, or a removed key, made the answer. The forged answers are signed with the true
// key, so that nothing but the origin (or the removal) is wrong with them.

import { createHash, createPrivateKey, sign } from "node:crypto";

const NAME = "Virtual key";

/** Walks the whole way; gives what is wrong. */
export async function walkPasskeys(browser, base, accounts) {
  const broken = [];
  const local = base.replace("127.0.0.1", "localhost");
  const context = await browser.newContext({ baseURL: local });
  try {
    const page = await context.newPage();
    const device = await authenticator(context, page);
    // Nobody else is signed in as them: a passkey ends what was open before.
    const account = accounts.find((one) => /out-of-hours nurse/i.test(one.role));
    await press(page, account);
    await page.goto("/passkeys");
    await page.getByLabel("What to call it").fill(NAME);
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByRole("heading", { name: NAME }).waitFor();
    const [key] = await device.keys();
    if (!key) return ["the device holds no key"];

    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
    if (!(await page.getByText(account.name).count())) broken.push("somebody else is signed in");
    await page.getByRole("button", { name: "Sign out", exact: true }).click();

    // The browser itself does not offer the key to a page of another host.
    const foreign = await context.newPage();
    await foreign.goto(`${base}/sign-in`);
    await foreign.getByRole("button", { name: "Use a passkey" }).click();
    await foreign.getByText("No passkey was used").waitFor();

    // A browser that did would be refused by the server.
    let count = key.signCount + 10;
    const tries = [
      ["its own origin", local, 303],
      ["another origin", "http://localhost.example", 422],
      ["another port", local.replace(/:\d+$/, ":1"), 422],
      ["https", local.replace("http:", "https:"), 422],
    ];
    for (const [what, origin, want] of tries) {
      const status = await forged(context, key, origin, (count += 1));
      if (status !== want) broken.push(`an answer from ${what} was answered ${status}`);
    }
    await context.clearCookies();
    await press(page, account);
    await page.goto("/passkeys");
    // The device must have counted on since, or it passes for a copy.
    await device.count(key, (count += 10));
    await page.getByLabel("Which passkey").selectOption({ label: NAME });
    await page.getByRole("button", { name: "Remove it" }).click();
    await page.getByText("You have no passkey here").waitFor();
    count += 10;
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    const status = await forged(context, key, local, (count += 1));
    if (status !== 422) broken.push(`a removed key was answered ${status}`);
    return broken;
  } catch (error) {
    return [...broken, String(error).split("\n")[0]];
  } finally {
    await context.close();
  }
}

async function press(page, account) {
  await page.goto("/sign-in");
  await page.getByRole("button", { name: `Sign in as ${account.name}`, exact: true }).click();
}

/** A device with a screen lock, which says yes to everything. */
async function authenticator(context, page) {
  const cdp = await context.newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const keys = async () =>
    (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
  const count = async (key, signCount) => {
    await cdp.send("WebAuthn.removeCredential", {
      authenticatorId, credentialId: key.credentialId,
    });
    const credential = { ...key, signCount };
    await cdp.send("WebAuthn.addCredential", { authenticatorId, credential });
  };
  return { keys, count };
}

/** Answers a fresh challenge with the true key, as a page of `origin` would; gives the status. */
async function forged(context, key, origin, count) {
  await context.clearCookies();
  const first = await (await context.request.get("/sign-in")).text();
  const csrf = first.match(/name="csrf" value="([^"]+)"/)[1];
  const begun = await context.request.post("/sign-in/passkey/begin", { form: { csrf } });
  const { challenge, rpId } = await begun.json();
  const client = Buffer.from(
    JSON.stringify({ type: "webauthn.get", challenge, origin, crossOrigin: false }),
  );
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(count);
  // Present and verified, as the virtual device says of itself.
  const data = Buffer.concat([hash(rpId), Buffer.from([0x05]), counter]);
  const secret = createPrivateKey({
    key: Buffer.from(key.privateKey, "base64"),
    format: "der",
    type: "pkcs8",
  });
  const signature = sign("sha256", Buffer.concat([data, hash(client)]), secret);
  const text = (bytes) => Buffer.from(bytes).toString("base64url");
  const id = text(Buffer.from(key.credentialId, "base64"));
  const answer = JSON.stringify({
    id,
    rawId: id,
    type: "public-key",
    authenticatorAttachment: "platform",
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(client),
      authenticatorData: text(data),
      signature: text(signature),
      userHandle: text(Buffer.from(key.userHandle ?? "", "base64")),
    },
  });
  const sent = await context.request.post("/sign-in/passkey", {
    form: { csrf, answer },
    maxRedirects: 0,
  });
  return sent.status();
}

const hash = (bytes) => createHash("sha256").update(bytes).digest();
