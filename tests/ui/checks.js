// What every page must keep, measured in the browser.

import axe from "axe-core";

/** Widths in CSS pixels: a desk, a phone, and WCAG 1.4.10's narrowest. */
export const WIDTHS = [1280, 375, 320];

/**
 * Where axe looks: at both ends. The style sheets tell widths apart at 480, 768, 992 and 1200 CSS
 * pixels, so 375 is laid out by the same rules as 320. Reflow, targets, policy and the picture are
 * had at each.
 */
const AXE_WIDTHS = [1280, 320];

/** Tab stops walked on one page; longer pages repeat what the first stops show. */
const STOPS_MAX = 60;

/** How often a page is asked whether it has its new width, and the milliseconds between. */
const [TURNS_MAX, TURN] = [1000, 20];

/** WCAG 2.2 A and AA, and axe's own good practice. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What a page says of itself, at any width: each check with the list of what is broken. */
export async function checkDocument(page) {
  const seen = await page.evaluate(() => ({
    headings: document.querySelectorAll("h1").length,
    scripts: [...document.scripts].filter((one) => !one.src || one.text).length,
    styled: document.querySelectorAll("[style]").length,
    layer: typeof window.dataLayer,
    title: document.title,
  }));
  return [
    ["one heading", seen.headings === 1 ? [] : [`${seen.headings} h1`]],
    ["nothing inline", seen.scripts + seen.styled === 0 ? [] : ["a script or a style"]],
    ["nobody is followed", seen.layer === "undefined" ? [] : ["window.dataLayer"]],
    ["title", / – Ken$/.test(seen.title) ? [] : [`title ${seen.title}`]],
  ];
}

/** How a page lies in a window of this width: each check with the list of what is broken. */
export async function checkLayout(page, { script, width }) {
  const seen = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    inner: window.innerWidth,
    small: [...document.querySelectorAll("main a, main button, main input, main select")]
      .filter((one) => one.type !== "hidden" && getComputedStyle(one).display !== "inline")
      .map((one) => [one, one.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24))
      .map(([one, box]) => `${one.outerHTML.slice(0, 60)} ${box.width}x${box.height}`),
  }));
  const checks = [
    ["reflow", seen.scroll === seen.inner && seen.inner === width
      ? [] : [`scrollWidth ${seen.scroll} in a window of ${seen.inner}`]],
    ["targets", seen.small],
  ];
  if (script && AXE_WIDTHS.includes(width)) checks.push(["axe", await lookWithAxe(page)]);
  return checks;
}

/** Makes the window so wide, and waits until the page has it: what is measured next is laid out. */
export async function widen(page, width) {
  await page.setViewportSize({ width, height: heightFor(width) });
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    if ((await page.evaluate(() => window.innerWidth)) === width) return;
    await new Promise((resolve) => setTimeout(resolve, TURN));
  }
  throw new Error(`the window did not become ${width} wide`);
}

/** A window of this width is so high. */
export const heightFor = (width) => (width > 1000 ? 900 : 700);

/** axe is put into a page once and looks at it as often as its width changes. */
async function lookWithAxe(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(async (tags) => {
    const { passes, violations } = await window.axe.run(document, {
      runOnly: { type: "tag", values: tags },
      resultTypes: ["violations"],
    });
    return {
      frames: document.querySelectorAll("iframe, frame, object").length,
      rules: passes.length,
      broken: violations.map((one) =>
        `${one.id}: ${one.help} (${one.nodes.map((node) => node.target).join(" | ")})`),
    };
  }, TAGS);
  if (found.frames > 0) return ["a frame, into which axe was not put"];
  if (found.rules < 10) return [`axe ran ${found.rules} rules only`];
  return found.broken;
}

/** Walks the page by Tab: the skip link first, nothing hidden, nothing covered, in page order. */
export async function checkKeyboard(page) {
  const broken = [];
  await page.evaluate(() => {
    window.scrollTo(0, 0);
    if (document.activeElement !== document.body) document.activeElement.blur();
  });
  let last = -1;
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(focused);
    if (!at) break;
    if (stop === 0 && at.words !== "Skip to main content" && at.fresh) {
      broken.push(`the first stop is ${at.words}`);
    }
    if (at.order < last) break;
    if (!at.visible) broken.push(`the focus is hidden on ${at.words}`);
    if (!at.marked) broken.push(`nothing marks the focus on ${at.words}`);
    last = at.order;
  }
  if (last < 0) broken.push("nothing takes the focus");
  return broken;
}

/** Runs in the page: where the focus is, and whether it can be seen. */
function focused() {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect();
  // What is taller than the window shows a part (WCAG 2.4.11): its top, middle or end.
  const x = box.left + Math.min(box.width / 2, 40);
  const [head, foot] = [Math.max(box.top, 0), Math.min(box.bottom, window.innerHeight)];
  const inset = Math.min((foot - head) / 2, 12);
  const tops = [head + inset, (head + foot) / 2, foot - inset]
    .map((y) => document.elementFromPoint(x, y));
  const style = getComputedStyle(one);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return {
    words: (one.innerText || one.name || one.id || one.tagName).trim().slice(0, 40),
    order: [...document.querySelectorAll("*")].indexOf(one),
    fresh: !document.querySelector("[autofocus]"),
    visible: box.width > 0 && box.height > 0 &&
      tops.some((top) => top && (one.contains(top) || top.contains(one))),
    marked: ring || style.boxShadow !== "none" || style.filter !== "none" ||
      style.backgroundColor === "rgb(253, 213, 34)",
  };
}
