// Signing in: by the demonstration's buttons, and once by password and one-time code.

import { createHmac } from "node:crypto";

/** Who leads the accord of the demonstration. */
const LEADS = "Glen Council";

/** What somebody of the team around a child is told to try. */
const TEAM = /for her wellbeing/;

/** Whom the runs need, each under its name. */
export const AREAS = ["work", "my", "ig", "ops", "choose", "words", "officer", "team", "offered",
  "self", "auditor", "guardian", "gp"];

/**
 * Signs in until each area has somebody; gives the account and the browser state of each. Who is
 * likeliest to be needed comes first. `words` is somebody of an emergency department, whose clause
 * asks for words; `ig` checks for the same organisation; `officer` is of the organisation that
 * leads the accord, which answers what people ask; `team` is of the team around a child and affirms
 * words, `offered` leaves them as they are; `self` tries their own record at work, and `auditor`
 * reads there what the audit found of it; `gp` is a family doctor, whose patients another source keeps
 * a record of, and who takes part in a discussion.
 */
export async function signInEverybody(browser, base, accounts) {
  const people = {};
  const treats = accounts.find((one) => /emergency/i.test(one.role) && one.organisation);
  const self = accounts.find((one) => /Look for yourself/.test(one.try));
  const near = (one) => [
    (one) => treats && one.organisation === treats.organisation,
    (one) => one.organisation === LEADS && /governance/i.test(one.role),
    (one) => TEAM.test(one.try) || one.organisation === self?.organisation,
    (one) => !one.organisation,
    () => true,
  ].findIndex((holds) => holds(one));
  for (const account of [...accounts].sort((a, b) => near(a) - near(b))) {
    const context = await browser.newContext({ baseURL: base });
    try {
      const page = await context.newPage();
      if (!(await press(page, account))) continue;
      if (new URL(page.url()).pathname === "/choose") {
        people.choose ??= { state: await context.storageState(), account };
        await eachRole(browser, base, account, people, self);
      } else if (account === treats) {
        people.words = { state: await context.storageState(), account };
      } else if (account === self) {
        people.self = { state: await context.storageState(), account };
      } else {
        await keep(page, context, people, account, self);
      }
    } finally {
      await context.close();
    }
    if (AREAS.every((area) => people[area])) break;
  }
  return people;
}

async function press(page, account) {
  await page.goto("/sign-in");
  const button = page.getByRole("button", { name: `Sign in as ${account.name}`, exact: true });
  if ((await button.count()) === 0) return false;
  await button.first().click();
  return true;
}

/** Each role of an account in a session of its own, since a role belongs to the session. */
async function eachRole(browser, base, account, people, self) {
  for (let place = 0; place < 6; place += 1) {
    const context = await browser.newContext({ baseURL: base });
    try {
      const page = await context.newPage();
      await press(page, account);
      const roles = page.getByRole("button", { name: /^Act as / });
      if (place >= (await roles.count())) return;
      await roles.nth(place).click();
      await keep(page, context, people, account, self);
    } finally {
      await context.close();
    }
  }
}

async function keep(page, context, people, account, self) {
  const area = { w: "work", my: "my", ig: "ig", ops: "ops", guardian: "guardian" }[
    new URL(page.url()).pathname.split("/")[1]
  ];
  const is = async (what) => {
    people[what] ??= { state: await context.storageState(), account };
  };
  if (area) await is(area);
  if (area === "ig" && account.organisation === LEADS) await is("officer");
  if (area === "ig" && account.organisation === self?.organisation) await is("auditor");
  if (area === "work" && TEAM.test(account.try)) await is(people.team ? "offered" : "team");
  if (area === "work" && account.role === "GP") await is("gp");
}

/** Signs in by typing, without scripts; gives what is wrong. */
export async function signInWithPassword(browser, base, accounts) {
  const account = accounts.find((one) => one.password && one.one_time_secret);
  if (!account) return ["no account has a password"];
  const context = await browser.newContext({ baseURL: base, javaScriptEnabled: false });
  try {
    const page = await context.newPage();
    const type = async (code) => {
      await page.goto("/sign-in");
      await page.getByLabel("Sign-in name").fill(account.sign_in);
      await page.getByLabel("Password").fill(account.password);
      await page.getByLabel("One-time code").fill(code);
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      return new URL(page.url()).pathname;
    };
    const broken = [];
    const right = oneTimeCode(account.one_time_secret, Date.now());
    const wrong = right === "000000" ? "111111" : "000000";
    if ((await type(wrong)) !== "/sign-in") broken.push("a wrong code let somebody in");
    const place = await type(oneTimeCode(account.one_time_secret, Date.now()));
    if (place === "/sign-in") broken.push("the right password and code were refused");
    return broken;
  } finally {
    await context.close();
  }
}

/** The six digits of RFC 6238 (SHA-1, 30 seconds) for a secret in base 32. */
function oneTimeCode(secret, now) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/=+$/, "").toUpperCase()]
    .map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const mac = createHmac("sha1", key).update(step).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}
