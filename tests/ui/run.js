// Every page in a real browser: accessibility (axe), reflow, content policy, keyboard, pictures.
//
//   node run.js --base URL --accounts FILE [--shots DIR] [--only TEXT]
//
// FILE is what `ken demo --json` prints. Needs Chromium (CHROMIUM, or /usr/bin/chromium). The last
// line says "N passed, N failed"; the exit code is 1 if anything failed.

import { mkdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { checkDocument, checkKeyboard, checkLayout, heightFor, widen, WIDTHS } from "./checks.js";
import { mergeTwo } from "./merge.js";
import {
  affirmMore, askForSafety, askSecond, lookAtSelf, openEmergency, visits, waitForFinding,
} from "./pages.js";
import { walkPasskeys } from "./passkeys.js";
import { AREAS, signInEverybody, signInWithPassword } from "./people.js";

const { values: given } = parseArgs({
  options: {
    base: { type: "string" },
    accounts: { type: "string" },
    shots: { type: "string", default: "shots" },
    only: { type: "string", default: "" },
  },
});
if (!given.base || !given.accounts) {
  console.error("usage: node run.js --base URL --accounts FILE [--shots DIR] [--only TEXT]");
  process.exit(2);
}
const base = given.base.replace(/\/$/, "");
const ready = JSON.parse(readFileSync(given.accounts, "utf8"));
const accounts = Array.isArray(ready) ? ready : ready.accounts;
mkdirSync(given.shots, { recursive: true });

/** How many pages are looked at together: the browser and the program each want a core. */
const TOGETHER = 2;

let passed = 0;
const failed = [];
/** Counts one check; `broken` is a list of what is wrong. */
function count(name, broken) {
  if (broken.length === 0) {
    passed += 1;
  } else {
    failed.push(name);
    console.log(`FAILED ${name}`);
    broken.slice(0, 8).forEach((what) => console.log(`       ${what}`));
  }
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
try {
  const people = await signInEverybody(browser, base, accounts);
  count("an account for each area", AREAS
    .filter((area) => !people[area]).map((area) => `no account is for ${area}`));
  count("one's own record is not shown", await once(people.self, lookAtSelf));
  count("sign in with password and code", await signInWithPassword(browser, base, accounts));
  count("passkeys", await walkPasskeys(browser, base, accounts));
  count("an emergency is opened", await once(people.words, openEmergency));
  count("a person asks for safety", await once(people.my, askForSafety));
  count("a second person is asked", await once(people.words, askSecond));
  count("a merge is taken", await mergeTwo(ready.mllp));
  count("words beside a permit bring a duty", await once(people.team, affirmMore));
  count("the audit finds a look at oneself", await once(people.auditor, waitForFinding));
  const wanted = visits.filter((visit) => visit.name.includes(given.only));
  const jobs = [true, false].flatMap((script) => wanted.map((visit) => ({ visit, script })));
  // Each takes the next one; a visit changes nothing that another looks at.
  await Promise.all(Array.from({ length: TOGETHER }, async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await look(people, job);
  }));
} finally {
  await browser.close();
}
console.log(`${passed} passed, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);

/** Does something once, without scripts; gives what is wrong. */
async function once(who, act) {
  const context = await browser.newContext({
    baseURL: base,
    javaScriptEnabled: false,
    storageState: who?.state,
  });
  try {
    return (await act(await context.newPage(), who?.account)) === false ? ["it did not work"] : [];
  } catch (error) {
    return [String(error).split("\n")[0]];
  } finally {
    await context.close();
  }
}

/**
 * Goes to one page and runs every check on it at each width. With scripts it comes as to a phone
 * and is made wider, without them it comes as to a desk and is made narrower: nothing but its style
 * sheets tells a page of ours its width, so one load shows what three would.
 */
async function look(people, { visit, script }) {
  const name = (width) => `${visit.name} at ${width}${script ? "" : " without scripts"}`;
  const widths = script ? [...WIDTHS].reverse() : WIDTHS;
  let width = widths[0];
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width, height: heightFor(width) },
    javaScriptEnabled: script,
    // Smooth scrolling would still be under way when the focus is looked for.
    reducedMotion: "reduce",
    storageState: visit.as ? people[visit.as]?.state : undefined,
  });
  try {
    const page = await context.newPage();
    const complaints = [];
    listen(page, complaints);
    const arrived = await visit.go(page, people[visit.as]?.account);
    if (arrived === false) {
      count(name(width), ["the page could not be reached"]);
      return;
    }
    const told = (checks) =>
      checks.forEach(([what, broken]) => count(`${name(width)}: ${what}`, broken));
    // Before axe, which leaves its own marks on what it looked at.
    told(await checkDocument(page));
    for (width of widths) {
      await widen(page, width);
      told(await checkLayout(page, { script, width }));
      if (script) {
        const file = `${given.shots}/${visit.name}-${width}.png`;
        await page.screenshot({ path: file, fullPage: true });
      }
      count(`${name(width)}: policy`, complaints.splice(0));
    }
    if (script) count(`${name(width)}: keyboard`, await checkKeyboard(page));
  } catch (error) {
    count(name(width), [String(error).split("\n")[0]]);
  } finally {
    await context.close();
  }
}

/** Writes down what the page complains of, and whatever it asks of strangers. */
function listen(page, complaints) {
  page.on("console", (line) => {
    const expected = /Failed to load resource.*status of (403|404|422)/.test(line.text());
    if (line.type() === "error" && !expected) complaints.push(line.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(base)) complaints.push(`asked ${request.url()}`);
  });
}
