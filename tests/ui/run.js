// Every page in a real browser: accessibility (axe), reflow, content policy, keyboard, pictures.
//
//   node run.js --base URL --accounts FILE [--shots DIR] [--only TEXT]
//
// FILE is what `ken demo --json` prints. Needs Chromium (CHROMIUM, or /usr/bin/chromium). The last
// line says "N passed, N failed"; the exit code is 1 if anything failed.

import { mkdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { checkKeyboard, checkPage, WIDTHS } from "./checks.js";
import { mergeTwo } from "./merge.js";
import { askForSafety, askSecond, openEmergency, visits } from "./pages.js";
import { walkPasskeys } from "./passkeys.js";
import { signInEverybody, signInWithPassword } from "./people.js";

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
  count("an account for each area", ["work", "words", "my", "ig", "ops", "choose", "officer"]
    .filter((area) => !people[area]).map((area) => `no account reaches /${area}`));
  count("sign in with password and code", await signInWithPassword(browser, base, accounts));
  count("passkeys", await walkPasskeys(browser, base, accounts));
  count("an emergency is opened", await once(people.words, openEmergency));
  count("a person asks for safety", await once(people.my, askForSafety));
  count("a second person is asked", await once(people.words, askSecond));
  count("a merge is taken", await mergeTwo(ready.mllp));
  for (const script of [true, false]) {
    for (const width of WIDTHS) {
      for (const visit of visits.filter((visit) => visit.name.includes(given.only))) {
        await look(people, visit, width, script);
      }
    }
  }
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

/** Goes to one page at one width and runs every check on it. */
async function look(people, visit, width, script) {
  const name = `${visit.name} at ${width}${script ? "" : " without scripts"}`;
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width, height: width > 1000 ? 900 : 700 },
    javaScriptEnabled: script,
    // Smooth scrolling would still be under way when the focus is looked for.
    reducedMotion: "reduce",
    storageState: visit.as ? people[visit.as]?.state : undefined,
  });
  try {
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (line) => {
      const expected = /Failed to load resource.*status of (403|404|422)/.test(line.text());
      if (line.type() === "error" && !expected) complaints.push(line.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(base)) complaints.push(`asked ${request.url()}`);
    });
    const arrived = await visit.go(page, people[visit.as]?.account);
    if (arrived === false) {
      count(name, ["the page could not be reached"]);
      return;
    }
    count(`${name}: policy`, complaints);
    for (const [what, broken] of await checkPage(page, { script, width })) {
      count(`${name}: ${what}`, broken);
    }
    if (script) {
      const file = `${given.shots}/${visit.name}-${width}.png`;
      await page.screenshot({ path: file, fullPage: true });
    }
    if (script && width === WIDTHS[0]) count(`${name}: keyboard`, await checkKeyboard(page));
  } catch (error) {
    count(name, [String(error).split("\n")[0]]);
  } finally {
    await context.close();
  }
}
