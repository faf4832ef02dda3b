// Every page, and the way to it as a person would go. A test of the program itself fails when a
// route that shows a page is missing here: `route` is the path as the route table writes it.

const open = (path) => async (page) => {
  const answer = await page.goto(path);
  return answer.status() < 500 && new URL(page.url()).pathname === path;
};

/** Links to people: of their own page, or of a list of who was found. */
const TO_PEOPLE = 'main a[href^="/w/p/"], main a[href^="/w/find/h/"]';

/** Looks for somebody whom nobody knows: the refusal is the same as for somebody unlinked. */
const findNobody = async (page) => {
  await page.goto("/w/find");
  await page.getByLabel("Family name").fill("Nobodyatall");
  await page.getByLabel("Day").fill("1");
  await page.getByLabel("Month").fill("2");
  await page.getByLabel("Year").fill("1950");
  await page.getByRole("button", { name: "Find" }).click();
};

const follow = (words) => async (page) => {
  await findNobody(page);
  await page.getByRole("link", { name: words }).click();
};

/** Opens the person whom the account is told to try, or the first of the caseload. */
const firstPerson = async (page, account) => {
  const number = account?.try.match(/CHI (\d{10})/)?.[1];
  if (number) {
    await page.goto("/w/find");
    await page.getByLabel(/CHI, NHS or other number/).fill(number);
    await page.getByRole("button", { name: "Find" }).click();
  }
  const links = page.locator(TO_PEOPLE);
  if ((await links.count()) === 0) await page.goto("/w/people");
  if ((await links.count()) === 0) return false;
  await links.first().click();
  return true;
};

/** Finds the person whom the account is told to try, by name and date of birth. */
const findFirstPerson = async (page, account) => {
  const told = account?.try.match(/Find \S+ (\S+) \(born (\d+) (\w+) (\d{4})/);
  if (!told) return false;
  const months = ["January", "February", "March", "April", "May", "June", "July", "August",
    "September", "October", "November", "December"];
  await page.goto("/w/find");
  await page.getByLabel("Family name").fill(told[1]);
  await page.getByLabel("Day").fill(told[2]);
  await page.getByLabel("Month").fill(String(months.indexOf(told[3]) + 1));
  await page.getByLabel("Year").fill(told[4]);
  await page.getByRole("button", { name: "Find" }).click();
  return (await page.locator(TO_PEOPLE).count()) > 0;
};

/** The words that an agreement asks for, as somebody sees them whose clause requires some. */
const words = async (page, account) => {
  if (!(await firstPerson(page, account))) return false;
  const purposes = page.locator('main a[href*="?purpose="]:not([href*="/chronology"])');
  if ((await purposes.count()) === 0) return false;
  const address = await purposes.first().getAttribute("href");
  await page.goto(address.replace("?", "/affirm?"));
};

/** Opens an emergency access once, so that there is one to check. */
export const openEmergency = async (page, account) => {
  if (!(await firstPerson(page, account))) return false;
  const person = new URL(page.url()).pathname.split("/")[3];
  await page.goto(`/w/emergency?p=${person}`);
  await page.getByLabel(/Why do you need to see/).fill("They do not answer the door.");
  await page.getByLabel(/What I have written is true/).check();
  await page.getByRole("button", { name: /I need to see/ }).click();
  return page.url().includes("purpose=vital");
};

/** Asks a colleague to agree to an emergency first, so that one waits. */
export const askSecond = async (page, account) => {
  if (!(await firstPerson(page, account))) return false;
  const person = new URL(page.url()).pathname.split("/")[3];
  await page.goto(`/w/emergency?p=${person}`);
  await page.getByLabel(/Why do you need to see/).fill("They do not answer the door.");
  await page.getByLabel(/What I have written is true/).check();
  await page.getByLabel(/Ask a colleague of my organisation/).check();
  await page.getByRole("button", { name: /I need to see/ }).click();
  return (await page.getByRole("heading", { name: "A colleague must agree now" }).count()) === 1;
};

const emergencyPerson = async (page, account) => {
  if (!(await firstPerson(page, account))) return false;
  const emergency = page.locator('main a[href*="purpose=vital"]');
  if ((await emergency.count()) === 0) return false;
  await emergency.first().click();
};

const firstReview = async (page) => {
  await page.goto("/ig/reviews");
  const links = page.locator('main a[href^="/ig/reviews/"]');
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

/** The first text that could be tried on past decisions; nothing is begun. */
const firstReplay = async (page) => {
  await page.goto("/ig/replay");
  await page.locator("main").getByRole("button", { name: "Show", exact: true }).click();
};

/** A page of the first agreement, by the end of its address. */
const firstAgreement = (end = "") => async (page) => {
  await page.goto("/ig/agreements");
  const link = page.locator('main h3 a[href^="/ig/agreements/"]').nth(2);
  const address = await link.getAttribute("href");
  await page.goto(address + end);
};

/** The first agreement that has this page for whoever looks. */
const anyAgreement = (end) => async (page) => {
  await page.goto("/ig/agreements");
  const links = page.locator('main h3 a[href^="/ig/agreements/"]');
  const all = await links.evaluateAll((found) => found.map((one) => one.getAttribute("href")));
  for (const address of all) {
    const answer = await page.goto(`${address}${end}`);
    if (answer.status() === 200) return true;
  }
  return false;
};

const firstPublic = async (page) => {
  await page.goto("/register");
  await page.locator('main h3 a[href^="/register/"]').first().click();
};

const firstNotice = async (page) => {
  await page.goto("/notices");
  const links = page.locator('main h3 a[href^="/notices/"]');
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

const follows = (from, start) => async (page) => {
  await page.goto(from);
  await page.locator(`main a[href^="${start}"]`).first().click();
};

/** What can be said of the first entry of one's own record. */
const sayOfFirst = async (page) => {
  await page.goto("/my/record");
  await page.getByRole("button", { name: "Say something about this" }).first().click();
  return (await page.locator("h1").innerText()) === "What do you want to say about this?";
};

/** What a choice would do, before it is sent. */
const checkChoice = async (page) => {
  await page.goto("/my/choices");
  await page.getByLabel("Hide where I live").check();
  await page.getByRole("button", { name: "See what it would do" }).click();
};

/** Asks, as the person, for what an officer answers; the queue has something to show then. */
export const askForSafety = async (page) => {
  await checkChoice(page);
  await page.getByLabel("Your name").fill("Somebody");
  await page.getByLabel("How can we reach you?").fill("In the library, on Mondays.");
  await page.getByRole("button", { name: "Ask for this" }).click();
  return (await page.locator("h1").innerText()) === "We have what you sent";
};

/** A draft that one's own organisation takes part in. */
const firstDraft = async (page) => {
  await page.goto("/ig/drafts");
  const links = page.locator('main h3 a[href^="/ig/drafts/"]');
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

/** The first breach of one's own organisation. */
const firstBreach = async (page) => {
  await page.goto("/ig/breaches");
  const links = page.locator('main h3 a[href^="/ig/breaches/"]');
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

/** Whom that breach concerns, as the ledger tells it of the last days. */
const affectedByBreach = async (page) => {
  if ((await firstBreach(page)) === false) return false;
  await page.locator('main a[href$="/people"]').click();
  const began = new Date(Date.now() - 20 * 24 * 3600 * 1000);
  await page.fill("#day", String(began.getUTCDate()));
  await page.fill("#month", String(began.getUTCMonth() + 1));
  await page.fill("#year", String(began.getUTCFullYear()));
  await page.fill("#time", "09:00");
  await page.selectOption("#hours", "744");
  await page.check('input[name="what"][value="list"]');
  await page.click('main form button[type="submit"]');
};

const firstMatch = async (page) => {
  await page.goto("/ops/match");
  const links = page.locator(
    'main a[href^="/ops/match/"]:not([href$="/model"]):not([href$="/seed"])',
  );
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

const bringList = async (page) => {
  await page.goto("/ops/match/seed");
  await page.fill("#system", "urn:glen:swift");
  await page.fill("#text", "id,forename,surname,dob,chi\n1,Zoe,Stranger,03/02/1950,1403171231");
  await page.click('main form button[type="submit"]');
  const again = page.getByRole("link", { name: "Look again" });
  while ((await again.count()) > 0) await again.click();
};

const firstNumbers = async (page) => {
  if ((await firstMatch(page)) === false) return false;
  await page.locator('main a[href^="/ops/numbers/"]').first().click();
};

const firstMerge = async (page) => {
  await page.goto("/ops/merges");
  const links = page.locator('main a[href^="/ops/merges/"]');
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

const firstHeld = async (page) => {
  await page.goto("/ops/hub");
  const links = page.locator('main a[href^="/ops/held/"]');
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

const firstPersonForPurpose = async (page, account) => {
  if (!(await firstPerson(page, account))) return false;
  const purposes = page.locator('main a[href*="?purpose="]:not([href*="/chronology"])');
  if ((await purposes.count()) > 0) await purposes.first().click();
  return true;
};

/** The record of the child whom the account is told to try, for the team around them. */
const teamPerson = async (page, account) => {
  if (!(await firstPerson(page, account))) return false;
  const purpose = page.locator('main a[href*="?purpose=girfec-wellbeing"]:not([href*="/chronology"])');
  if ((await purpose.count()) > 0) await purpose.first().click();
  return page.url().includes("purpose=girfec-wellbeing");
};

const offered = 'main a[href*="/affirm?purpose="]';

/** What the agreement offers beside what it shows, with its words. */
const wordsBeside = async (page, account) => {
  if (!(await teamPerson(page, account))) return false;
  if ((await page.locator(offered).count()) === 0) return false;
  await page.locator(offered).first().click();
};

/** Affirms what is offered beside a permit; a duty follows. */
export const affirmMore = async (page, account) => {
  const owes = async () => {
    await page.goto("/w/today");
    return (await page.locator('main a[href^="/w/duties/"]').count()) > 0;
  };
  // Of a run before this one, within the half hour of its words.
  if (await owes()) return true;
  if ((await wordsBeside(page, account)) === false) return false;
  await page.getByLabel("I affirm these words").check();
  await page.getByRole("button", { name: "Affirm and go on" }).click();
  return owes();
};

/** Looks for oneself at work: nothing of it is shown, and the audit points at it. */
export const lookAtSelf = async (page, account) => {
  const number = account?.try.match(/CHI (\d{10})/)?.[1];
  if (!number) return false;
  await page.goto("/w/find");
  await page.getByLabel(/CHI, NHS or other number/).fill(number);
  await page.getByRole("button", { name: "Find" }).click();
  const family = account.name.split(" ").pop();
  return !new RegExp(family, "i").test(await page.locator("main").innerText());
};

/** Seconds that the audit, which looks every minute at what was sealed, is waited for. */
const FINDING_TURNS_MAX = 600;

/** The finding that the audit makes of it, once it has looked. */
export const waitForFinding = async (page) => {
  for (let turn = 0; turn < FINDING_TURNS_MAX; turn += 1) {
    await page.goto("/ig/findings");
    if ((await page.locator('main a[href^="/ig/findings/"]').count()) > 0) return true;
    await page.waitForTimeout(1_000);
  }
  return false;
};

/** The team around somebody, from their overview. */
const team = async (page, account) => {
  if ((await firstPersonForPurpose(page, account)) === false) return false;
  const link = page.getByRole("link", { name: "The team around this person" });
  if ((await link.count()) === 0) return false;
  await link.click();
};

/** What sources say now, from somebody's overview. */
const live = async (page, account) => {
  if ((await firstPersonForPurpose(page, account)) === false) return false;
  const link = page.getByRole("link", { name: "Ask them now" });
  if ((await link.count()) === 0) return false;
  await link.click();
};

/** Whom to send something about somebody to, from their overview. */
const sendTo = async (page, account) => {
  if ((await firstPersonForPurpose(page, account)) === false) return false;
  const link = page.getByRole("link", { name: "Who should I send this to?" });
  if ((await link.count()) === 0) return false;
  await link.click();
  const kinds = page.getByLabel("What you want to send");
  if ((await kinds.count()) === 0) return false;
  await kinds.selectOption({ index: 1 });
  await page.getByRole("button", { name: "Show" }).click();
};

/** Discussions of somebody, from their overview. */
const discussions = async (page, account) => {
  if ((await firstPersonForPurpose(page, account)) === false) return false;
  const links = page.locator('main a[href*="/discussions?purpose="]');
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

/** Messages of somebody to their team: from the list of whose wait, over their overview. */
const messages = async (page) => {
  await page.goto("/w/messages");
  const way = ['a[href^="/w/p/"]', 'a[href$="?purpose=direct-care"]', 'a[href*="/messages?"]'];
  for (const step of way) {
    const links = page.locator(`main ${step}`);
    if ((await links.count()) === 0) return false;
    await links.first().click();
  }
};

/** A discussion in which the reader speaks. */
const discussion = async (page) => {
  await page.goto("/w/discussions");
  const links = page.locator('main a[href*="/discussions/"]');
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

/** What was said of somebody by word of mouth, from their overview: two answers and a button. */
const told = async (page, account) => {
  if ((await firstPersonForPurpose(page, account)) === false) return false;
  const link = page.getByRole("link", { name: "I told somebody, by phone or face to face" });
  if ((await link.count()) === 0) return false;
  await link.click();
};

/** Somebody's chronology, from their overview; with `more`, then by that way on it. */
const chronology = (more) => async (page, account) => {
  if ((await firstPersonForPurpose(page, account)) === false) return false;
  await page.getByRole("link", { name: "See all as a chronology" }).click();
  for (const way of more) await page.getByRole("link", { name: way }).click();
};

/** What was assessed and planned with somebody, from their overview. */
const assessments = async (page, account) => {
  if ((await firstPersonForPurpose(page, account)) === false) return false;
  const link = page.getByRole("link", { name: "Assessments and plans" });
  if ((await link.count()) === 0) return false;
  await link.click();
};

/** Where a link of that list leads. */
const fromAssessments = (selector) => async (page, account) => {
  if ((await assessments(page, account)) === false) return false;
  const links = page.locator(selector);
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

const writeAssessment = fromAssessments('main a[href*="/assessments/new?form=adult-assessment"]');

/** The plan of the child whom the account is told to try. */
const plan = async (page, account) => {
  if (!(await teamPerson(page, account))) return false;
  await page.getByRole("link", { name: "Assessments and plans" }).click();
  const links = page.locator("main table a");
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

/** What that plan said before. */
const planVersions = async (page, account) => {
  if ((await plan(page, account)) === false) return false;
  await page.getByRole("link", { name: "What it said before" }).click();
};

/** An adult assessment that may be signed, read back. */
const checkAssessment = async (page, account) => {
  if ((await writeAssessment(page, account)) === false) return false;
  for (const id of ["views", "life", "daily", "health", "people", "risk", "outcomes-1-what", "process",
    "change"]) {
    await page.locator(`#${id}`).fill("Somebody said this. (made up)");
  }
  await page.locator("#review").fill("31 1 2040");
  await page.getByRole("button", { name: "Check before signing" }).click();
};

/** The first request of the list. */
const request = async (page) => {
  await page.goto("/w/requests");
  const links = page.locator('main a[href^="/w/requests/"]');
  if ((await links.count()) === 0) return false;
  await links.first().click();
};

/** What somebody would ask for a person, from their overview. */
const newRequest = async (page, account) => {
  if ((await firstPersonForPurpose(page, account)) === false) return false;
  const link = page.getByRole("link", { name: "Ask another organisation for assistance" });
  if ((await link.count()) === 0) return false;
  await link.click();
};

/** The directory of services, from the overview of a person. */
const personServices = async (page, account) => {
  if ((await firstPersonForPurpose(page, account)) === false) return false;
  const link = page.getByRole("link", { name: "Find a service for them" });
  if ((await link.count()) === 0) return false;
  await link.click();
};

export const visits = [
  { name: "sign-in", route: "/sign-in", go: open("/sign-in") },
  { name: "accessibility", route: "/accessibility", go: open("/accessibility") },
  { name: "privacy", route: "/privacy", go: open("/privacy") },
  { name: "not-found", route: null, go: open("/no-such-page") },
  { name: "choose", route: "/choose", as: "choose", go: open("/choose") },
  { name: "passkeys", route: "/passkeys", as: "work", go: open("/passkeys") },
  { name: "password", route: "/password", as: "work", go: open("/password") },
  { name: "password-changed", route: "/password/changed", as: "work",
    go: open("/password/changed") },
  { name: "today", route: "/w/today", as: "work", go: open("/w/today") },
  { name: "today-emergency", route: null, as: "words", go: open("/w/today") },
  { name: "today-duty", route: null, as: "team", go: open("/w/today") },
  { name: "duty", route: "/w/duties/{person}/{duty}", as: "team",
    go: async (page) => {
      await page.goto("/w/today");
      const links = page.locator('main a[href^="/w/duties/"]');
      if ((await links.count()) === 0) return false;
      await links.first().click();
    } },
  // What a reader sees of another's duty.
  { name: "no-duty", route: null, as: "work", go: open("/w/duties/a/b") },
  { name: "people", route: "/w/people", as: "work", go: open("/w/people") },
  { name: "find", route: "/w/find", as: "work", go: open("/w/find") },
  {
    name: "find-errors",
    route: null,
    as: "work",
    go: async (page) => {
      await page.goto("/w/find");
      await page.getByRole("button", { name: "Find" }).click();
    },
  },
  { name: "refusal", route: "/w/find/r/{parcel}", as: "work", go: findNobody },
  { name: "results", route: null, as: "work", go: findFirstPerson },
  {
    name: "find-other",
    route: "/w/find/other",
    as: "work",
    go: async (page, account) => {
      if (!(await findFirstPerson(page, account))) return false;
      await page.getByRole("link", { name: "Go on with what you typed" }).click();
    },
  },
  { name: "claim", route: "/w/claim", as: "work", go: follow("Claim a relationship") },
  { name: "agreement", route: "/w/agreement", as: "work", go: follow("Ask for an agreement") },
  { name: "emergency", route: "/w/emergency", as: "work", go: follow("Emergency access") },
  { name: "claims", route: "/w/claims", as: "work", go: open("/w/claims") },
  { name: "equipment", route: "/w/equipment", as: "work", go: open("/w/equipment") },
  { name: "on-duty", route: "/w/duty", as: "work", go: open("/w/duty") },
  { name: "purpose", route: null, as: "work", go: firstPerson },
  { name: "person", route: "/w/p/{person}", as: "work", go: firstPersonForPurpose },
  { name: "team", route: "/w/p/{person}/team", as: "work", go: team },
  { name: "live", route: "/w/p/{person}/live", as: "gp", go: live },
  { name: "send-to", route: "/w/p/{person}/send-to", as: "work", go: sendTo },
  { name: "discussions", route: "/w/p/{person}/discussions", as: "work", go: discussions },
  { name: "discussions-mine", route: "/w/discussions", as: "work", go: open("/w/discussions") },
  { name: "discussion", route: "/w/p/{person}/discussions/{discussion}", as: "gp",
    go: discussion },
  { name: "messages", route: "/w/p/{person}/messages", as: "self", go: messages },
  { name: "messages-waiting", route: "/w/messages", as: "self", go: open("/w/messages") },
  { name: "told", route: "/w/p/{person}/told", as: "work", go: told },
  { name: "chronology", route: "/w/p/{person}/chronology", as: "work", go: chronology([]) },
  { name: "chronology-oldest", route: null, as: "work", go: chronology(["Oldest first"]) },
  { name: "chronology-lanes", route: null, as: "work",
    go: chronology(["Organisations side by side"]) },
  { name: "assessments", route: "/w/p/{person}/assessments", as: "work", go: assessments },
  { name: "written-plan", route: "/w/p/{person}/assessments/{item}", as: "team", go: plan },
  { name: "written-versions", route: "/w/p/{person}/assessments/{item}/versions", as: "team",
    go: planVersions },
  { name: "assessment-write", route: "/w/p/{person}/assessments/new", as: "work",
    go: writeAssessment },
  { name: "assessment-check", route: null, as: "work", go: checkAssessment },
  { name: "summary-read", route: null, as: "work",
    go: fromAssessments('main table a:has-text("Key Information Summary")') },
  { name: "summary-write", route: null, as: "work",
    go: fromAssessments('main a[href*="/assessments/new?form=key-information"]') },
  { name: "support-read", route: null, as: "gp",
    go: fromAssessments('main table a:has-text("Self-directed support plan, ")') },
  { name: "support-write", route: null, as: "work",
    go: fromAssessments('main a[href*="/assessments/new?form=self-directed-support"]') },
  { name: "equipment-at-home-read", route: null, as: "gp",
    go: fromAssessments('main table a:has-text("Equipment at home")') },
  { name: "equipment-at-home-write", route: null, as: "work",
    go: fromAssessments('main a[href*="/assessments/new?form=equipment-at-home"]') },
  { name: "requests", route: "/w/requests", as: "work", go: open("/w/requests") },
  { name: "request", route: "/w/requests/{request}", as: "work", go: request },
  { name: "request-new", route: "/w/p/{person}/requests/new", as: "work", go: newRequest },
  { name: "person-services", route: "/w/p/{person}/services", as: "work", go: personServices },
  { name: "affirm", route: "/w/p/{person}/affirm", as: "words", go: words },
  { name: "person-more", route: null, as: "offered", go: teamPerson },
  { name: "affirm-more", route: null, as: "offered", go: wordsBeside },
  { name: "person-affirmed", route: null, as: "team", go: teamPerson },
  { name: "person-emergency", route: null, as: "words", go: emergencyPerson },
  { name: "my", route: "/my", as: "my", go: open("/my") },
  { name: "my-record", route: "/my/record", as: "my", go: open("/my/record") },
  { name: "my-versions", route: "/my/record/{item}", as: "my",
    go: follows("/my/record", "/my/record/") },
  { name: "my-happened", route: "/my/happened", as: "my", go: open("/my/happened") },
  { name: "my-take-away", route: "/my/take-away", as: "my", go: open("/my/take-away") },
  { name: "my-team", route: "/my/team", as: "my", go: open("/my/team") },
  { name: "my-messages", route: "/my/messages", as: "my", go: open("/my/messages") },
  { name: "my-words", route: "/my/words", as: "my", go: open("/my/words") },
  { name: "my-words-about", route: null, as: "my", go: sayOfFirst },
  { name: "my-looked", route: "/my/looked", as: "my", go: open("/my/looked") },
  { name: "my-agreements", route: "/my/agreements", as: "my", go: open("/my/agreements") },
  { name: "my-agreement", route: "/my/agreements/{hash}", as: "my",
    go: follows("/my/agreements", "/my/agreements/") },
  { name: "my-notice", route: "/my/notices/{hash}", as: "my",
    go: follows("/my/agreements", "/my/notices/") },
  { name: "my-choices", route: "/my/choices", as: "my", go: open("/my/choices") },
  { name: "my-choice", route: null, as: "my", go: checkChoice },
  { name: "wishes", route: "/ig/wishes", as: "officer", go: open("/ig/wishes") },
  { name: "corrections", route: "/ig/corrections", as: "officer", go: open("/ig/corrections") },
  { name: "correction", route: "/ig/corrections/{person}/{correction}", as: "officer",
    go: async (page) => {
      await page.goto("/ig/corrections");
      const links = page.locator('main a[href^="/ig/corrections/"]');
      if ((await links.count()) === 0) return false;
      await links.first().click();
    } },
  { name: "wish", route: "/ig/wishes/{person}/{wish}", as: "officer",
    go: async (page) => {
      await page.goto("/ig/wishes");
      const links = page.locator('main a[href^="/ig/wishes/"]');
      if ((await links.count()) === 0) return false;
      await links.first().click();
    } },
  { name: "publication", route: "/ig/agreements/{hash}/publication", as: "officer",
    go: anyAgreement("/publication") },
  { name: "contract", route: "/ig/agreements/{hash}/contract", as: "officer",
    go: anyAgreement("/contract") },
  { name: "contract-told", as: "officer", go: async (page) => {
    if (!(await anyAgreement("/contract")(page))) return false;
    await page.getByLabel(/Commissioned by/).first().check();
    for (const [box, typed] of [["Day", "31"], ["Month", "3"], ["Year", "2031"]]) {
      await page.getByLabel(box, { exact: true }).fill(typed);
    }
    await page.getByRole("button", { name: "See what would follow" }).click();
    return (await page.getByRole("heading", { name: "What is left to do" }).count()) === 1;
  } },
  { name: "supersession", route: "/ig/agreements/{hash}/supersession", as: "officer",
    go: anyAgreement("/supersession") },
  { name: "register", route: "/register", go: open("/register") },
  { name: "register-one", route: "/register/{hash}", go: firstPublic },
  { name: "services", route: "/services", go: open("/services") },
  { name: "service", route: "/services/{service}",
    go: follows("/services", "/services/") },
  { name: "notices", route: "/notices", go: open("/notices") },
  { name: "notice", route: "/notices/{hash}", go: firstNotice },
  { name: "consultations", route: "/consultations", go: open("/consultations") },
  { name: "consultation", route: "/consultations/{consultation}", go: async (page) => {
    await page.goto("/consultations");
    const links = page.locator('main h3 a[href^="/consultations/"]');
    if ((await links.count()) === 0) return false;
    await links.first().click();
  } },
  { name: "ig-consultation", route: "/ig/consultations/{consultation}", as: "ig",
    go: async (page) => {
      if ((await firstDraft(page)) === false) return false;
      const links = page.locator('main a[href^="/ig/consultations/"]');
      if ((await links.count()) === 0) return false;
      await links.first().click();
    } },
  { name: "drafts", route: "/ig/drafts", as: "ig",
    go: async (page) => { await page.goto("/ig/drafts?template=isp"); } },
  { name: "draft", route: "/ig/drafts/{draft}", as: "ig", go: firstDraft },
  { name: "draft-advice", route: "/ig/drafts/{draft}/advice", as: "ig",
    go: async (page) => {
      if ((await firstDraft(page)) === false) return false;
      await page.getByRole("link", { name: "Ask a public body for advice" }).click();
    } },
  { name: "draft-clause", route: "/ig/drafts/{draft}/clauses/{clause}", as: "ig",
    go: async (page) => {
      if ((await firstDraft(page)) === false) return false;
      await page.locator('main h3 a[href*="/clauses/"]').first().click();
    } },
  { name: "ig-notices", route: "/ig/notices", as: "ig", go: open("/ig/notices") },
  { name: "ig-notice", route: "/ig/notices/{hash}", as: "ig", go: async (page) => {
    await page.goto("/ig/notices");
    await page.locator('main h3 a[href^="/ig/notices/"]').first().click();
  } },
  { name: "assessment", route: "/ig/agreements/{hash}/assessment", as: "ig",
    go: firstAgreement("/assessment") },
  { name: "due", route: "/ig", as: "ig", go: open("/ig") },
  { name: "ig-services", route: "/ig/services", as: "ig", go: open("/ig/services") },
  { name: "ig-service", route: "/ig/services/{service}", as: "ig",
    go: follows("/ig/services", "/ig/services/") },
  { name: "stock", route: "/ig/stock", as: "ig", go: open("/ig/stock") },
  { name: "stock-equipment", route: "/ig/stock/equipment", as: "ig",
    go: open("/ig/stock/equipment") },
  { name: "stock-plans", route: "/ig/stock/plans", as: "ig", go: open("/ig/stock/plans") },
  { name: "roster", route: "/ig/roster", as: "ig", go: open("/ig/roster") },
  { name: "roster-bring", route: "/ig/roster/bring", as: "ig", go: open("/ig/roster/bring") },
  { name: "registers", route: "/ig/registers/{register}", as: "ig",
    go: open("/ig/registers/contact") },
  { name: "simulate", route: "/ig/agreements/{hash}/simulate", as: "ig",
    go: firstAgreement("/simulate") },
  { name: "agreements", route: "/ig/agreements", as: "ig", go: open("/ig/agreements") },
  { name: "agreement", route: "/ig/agreements/{hash}", as: "ig", go: firstAgreement() },
  { name: "matrix", route: "/ig/agreements/{hash}/matrix", as: "ig", go: firstAgreement("/matrix") },
  { name: "sign", route: "/ig/agreements/{hash}/sign", as: "ig", go: firstAgreement("/sign") },
  { name: "seal", route: "/ig/agreements/{hash}/seal", as: "ig", go: async (page) => {
    await page.goto("/ig/agreements");
    await page.locator("main li").filter({ hasText: "Statute pack" })
      .locator('h3 a[href^="/ig/agreements/"]').first().click();
    await page.getByRole("link", { name: "Who vouches for this pack" }).click();
  } },
  { name: "standing", route: "/ig/agreements/{hash}/standing", as: "ig",
    go: firstAgreement("/standing") },
  { name: "partnerships", route: "/ig/partnerships", as: "ig", go: open("/ig/partnerships") },
  { name: "model-to-sign", route: "/ig/model", as: "ig", go: open("/ig/model") },
  { name: "signatories", route: "/ig/signatories", as: "ig", go: open("/ig/signatories") },
  { name: "replay", route: "/ig/replay", as: "ig", go: firstReplay },
  { name: "extracts", route: "/ig/extracts", as: "officer", go: open("/ig/extracts") },
  { name: "extract", route: "/ig/extracts/{extract}", as: "officer",
    go: follows("/ig/extracts", "/ig/extracts/") },
  { name: "due-duty", route: null, as: "officer", go: open("/ig") },
  { name: "told-uncovered", route: "/ig/told", as: "auditor", go: open("/ig/told") },
  { name: "findings", route: "/ig/findings", as: "auditor", go: open("/ig/findings") },
  { name: "finding", route: "/ig/findings/{finding}", as: "auditor",
    go: follows("/ig/findings", "/ig/findings/") },
  { name: "breaches", route: "/ig/breaches", as: "officer", go: open("/ig/breaches") },
  { name: "breach-new", route: "/ig/breaches/new", as: "officer", go: open("/ig/breaches/new") },
  { name: "breach", route: "/ig/breaches/{breach}", as: "officer", go: firstBreach },
  {
    name: "breach-people",
    route: "/ig/breaches/{breach}/people",
    as: "officer",
    go: affectedByBreach,
  },
  { name: "disposal", route: "/ig/disposal", as: "officer", go: open("/ig/disposal") },
  { name: "assets", route: null, as: "officer", go: open("/ig/registers/asset") },
  { name: "processors", route: null, as: "officer", go: open("/ig/registers/processor") },
  { name: "guardian", route: "/guardian", as: "guardian", go: open("/guardian") },
  { name: "guardian-reviews", route: "/guardian/reviews", as: "guardian",
    go: open("/guardian/reviews") },
  { name: "guardian-wishes", route: "/guardian/wishes", as: "guardian",
    go: open("/guardian/wishes") },
  { name: "guardian-corrections", route: "/guardian/corrections", as: "guardian",
    go: open("/guardian/corrections") },
  { name: "ask-guardian", route: "/w/guardian", as: "work", go: follow("Ask the Guardian") },
  { name: "recommendations", route: "/ig/recommendations", as: "officer",
    go: open("/ig/recommendations") },
  { name: "recommendations-told", as: "officer", go: async (page) => {
    await page.goto("/ig/recommendations");
    await page.getByLabel("What is it called?").fill("A review");
    await page.getByLabel("Who made it?").fill("A reviewer");
    await page.getByLabel("Recommendations", { exact: true }).fill("1,Share sooner\n2,Say why");
    await page.getByRole("button", { name: "See what would be imported" }).click();
    return (await page.getByRole("heading", { name: "What would be imported" }).count()) === 1;
  } },
  { name: "recommendation", route: "/ig/recommendations/{list}", as: "officer",
    go: async (page) => {
      if ((await follows("/ig/recommendations", "/ig/recommendations/")(page)) === false) {
        return false;
      }
      // Without its fragment, from which a walk by keyboard would begin.
      const of = await page.getByRole("link", { name: "2", exact: true }).getAttribute("href");
      await page.goto(of.split("#")[0]);
    } },
  { name: "refusals", route: "/ig/refusals", as: "ig", go: open("/ig/refusals") },
  { name: "reviews", route: "/ig/reviews", as: "ig", go: open("/ig/reviews") },
  { name: "review", route: "/ig/reviews/{person}/{access}", as: "ig", go: firstReview },
  { name: "health", route: "/ops/health", as: "ops", go: open("/ops/health") },
  { name: "hub", route: "/ops/hub", as: "ops", go: open("/ops/hub") },
  { name: "held", route: "/ops/held/{held}", as: "ops", go: firstHeld },
  { name: "match", route: "/ops/match", as: "ops", go: open("/ops/match") },
  { name: "match-review", route: "/ops/match/{person}/{place}", as: "ops", go: firstMatch },
  { name: "seed", route: "/ops/match/seed", as: "ops", go: open("/ops/match/seed") },
  { name: "seed-list", route: "/ops/match/seed/{list}", as: "ops", go: bringList },
  { name: "numbers", route: "/ops/numbers", as: "ops", go: open("/ops/numbers") },
  { name: "numbers-of", route: "/ops/numbers/{person}", as: "ops", go: firstNumbers },
  { name: "questions", route: "/ops/questions", as: "ops", go: open("/ops/questions") },
  { name: "model", route: "/ops/match/model", as: "ops", go: open("/ops/match/model") },
  { name: "merges", route: "/ops/merges", as: "ops", go: open("/ops/merges") },
  { name: "unmerge", route: "/ops/merges/{person}/{merge}", as: "ops", go: firstMerge },
];
