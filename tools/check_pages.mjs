// Check the built pages in Chromium: node tools/check_pages.mjs [_build/html] [--self-test] [--screenshots=FOLDER]
//
// Every page is opened from a server on this machine (light and dark, 1280 and 390 px wide) and from its file. Reported:
// requests to other hosts, console errors, missing files, formulas that are no MathML or a faulty one, lines that begin
// with lone punctuation, images without alternative text or with a file name for it, dead links and anchors, sideways
// scrolling at 390 px, sliders that the keyboard does not move, and all that axe finds against WCAG 2.2 AA and its best practice, with everything that folds unfolded.
// --self-test feeds the same checks bad pages, one fault each, and fails unless each fault, and no other, is reported.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";
import { builtBook, exempted, exemptions, fileAt, launch, pages as allPages, redirect, serve } from "./site.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const MODES = [
  { name: "light", theme: "light", width: 1280, content: true },
  { name: "dark", theme: "dark", width: 1280 },
  { name: "light 390px", theme: "light", width: 390 },
  { name: "dark 390px", theme: "dark", width: 390 },
  { name: "file", theme: "light", width: 1280, file: true, content: true },
];

// Two ways are enough for a page that is one listing of a source.
const modesOf = (page) => (page.startsWith("_modules/") ? MODES.filter(({ name }) => ["light", "dark 390px"].includes(name)) : MODES);
const LAYOUT = ["overflow", "verdict-hidden", "figure-text"]; // what exemptions.json may exempt

// Runs in the page: unfold everything, then tell what is in it.
function unfold() {
  document.querySelectorAll("details").forEach((d) => { d.open = true; });
  document.querySelectorAll(".toggle-hidden > button.toggle-button, .toggle-hidden > .admonition-title").forEach((b) => b.click());
  return document.querySelectorAll(".toggle-hidden").length;
}

function inspect() {
  const short = (e) => e.outerHTML.replace(/\s+/g, " ").slice(0, 120);
  const math = [...document.querySelectorAll(".math")];
  const red = (e) => /^rgb\((2\d\d), (\d|[1-5]\d), (\d|[1-5]\d)\)$/.test(getComputedStyle(e).color);
  const faulty = (e) => e.localName === "merror" || red(e) || (!e.children.length && /\\([a-zA-Z]+|[()[\]])/.test(e.textContent));
  return {
    unrendered: math.filter((e) => !e.querySelector("math")?.textContent.trim()).map(short),
    // converters write an error as such, or leave the TeX, often in red
    texErrors: [...document.querySelectorAll("math")].filter((e) => [e, ...e.querySelectorAll("*")].some(faulty)).map(short),
    formulas: math.length,
    images: [...document.querySelectorAll("img, article svg[role=img], .frame")]
      .map((e) => ({ alt: e.getAttribute("alt") ?? e.getAttribute("aria-label"), src: (e.getAttribute("src") ?? e.outerHTML).slice(0, 200) })),
    links: [...document.querySelectorAll("a[href], area[href]")].map((e) => e.href),
    ids: [...document.querySelectorAll("[id], a[name]")].map((e) => e.id || e.name),
  };
}

// Punctuation at the start of a line, after a formula or a space: it stands left of the end of what it follows.
function lonePunctuation() {
  const blocks = "p, li, td, dd, figcaption";
  const found = [];
  for (const block of document.querySelectorAll(blocks)) {
    const range = document.createRange();
    const counts = (node) => (node.nodeType === Node.TEXT_NODE ? !node.parentElement.closest("math, svg, script, style") : ["math", "img"].includes(node.localName))
      && node.parentElement.closest(blocks) === block;
    const leaves = document.createNodeIterator(block, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT, (node) => (counts(node) ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP));
    let end = -Infinity; // of the word or formula before
    for (let leaf = leaves.nextNode(); leaf; leaf = leaves.nextNode()) {
      if (leaf.nodeType !== Node.TEXT_NODE) {
        end = leaf.getBoundingClientRect().right;
        continue;
      }
      for (const word of leaf.data.matchAll(/\S+/g)) {
        range.setStart(leaf, word.index);
        range.setEnd(leaf, word.index + 1);
        const start = range.getClientRects()[0]?.left ?? Infinity;
        const lone = word[0] !== "..." && /^[.,;:!?)\]}%‰×°…”’»]+$/.test(word[0]);
        if (lone && start < end - 1 && !leaf.parentElement.closest("code")) found.push(`${block.textContent.trim().slice(0, 60)} ... ${word[0]}`);
        range.setEnd(leaf, word.index + word[0].length);
        end = [...range.getClientRects()].at(-1)?.right ?? end;
      }
    }
  }
  return found;
}

// What is wider than its column must scroll in a box that says so and that the keyboard reaches; a verdict stays in sight,
// and the text of a figure is large enough on a phone.
function layout(narrow) {
  const found = [];
  const name = (e) => `${e.localName} ${e.textContent.trim().replace(/\s+/g, " ").slice(0, 60)}`;
  const article = document.querySelector("article") ?? document.querySelector("main");
  const clip = (e) => { let box = e.parentElement; while (box !== article && box && getComputedStyle(box).overflowX === "visible") box = box.parentElement; return box ?? article; };
  for (const e of article.querySelectorAll("table, pre, .formula")) {
    const box = getComputedStyle(e).overflowX === "visible" || e.localName === "table" ? clip(e) : e;
    const scrolls = box !== article && box.scrollWidth > box.clientWidth + 1;
    if (scrolls && !(box.hasAttribute("data-scrolls") && box.tabIndex >= 0)) found.push(["overflow", `scrolls and does not say so: ${name(e)}`]);
    if (box === article && e.getBoundingClientRect().right > article.getBoundingClientRect().right + 1) found.push(["overflow", `wider than the page: ${name(e)}`]);
  }
  for (const e of narrow ? article.querySelectorAll("td .verdict, td.result") : []) {
    if (e.getBoundingClientRect().right > Math.min(innerWidth, clip(e).getBoundingClientRect().right) + 1) found.push(["verdict-hidden", name(e.closest("tr"))]); // a result that is no verdict stands in their column;
  }
  for (const e of article.querySelectorAll('img[src$=".svg"]')) found.push(["svg-in-img", e.src]);
  for (const svg of narrow ? article.querySelectorAll("svg") : []) {
    const sizes = [...svg.querySelectorAll("text")].filter((t) => t.textContent.trim() && t.checkVisibility())
      .map((t) => { const m = t.getScreenCTM(); return [parseFloat(getComputedStyle(t).fontSize) * Math.hypot(m.a, m.b), t.textContent]; });
    const small = sizes.filter(([size]) => size < 8.95);
    if (small.length) found.push(["figure-text", `${svg.id || svg.getAttribute("aria-label")}: ${small[0][0].toFixed(1)} px: ${small[0][1]}`]);
  }
  return found;
}

function titles() {
  const heading = document.querySelector("h1").cloneNode(true);
  heading.querySelectorAll(".headerlink").forEach((e) => e.remove());
  const flat = (text) => text.replace(/\s+/g, " ").trim();
  return flat(document.body.innerText).split(flat(heading.textContent)).length - 1;
}

async function checkMode(browser, site, page, mode, report, seen) {
  const origin = mode.file ? null : site.origin;
  const own = (url) => (origin ? url.origin === origin : url.protocol === "file:") || ["data:", "blob:", "about:"].includes(url.protocol);
  const context = await browser.newContext({ viewport: { width: mode.width, height: 900 }, colorScheme: mode.theme, reducedMotion: "reduce" });
  try {
    await context.addInitScript((theme) => { try { localStorage.mode = theme; localStorage.theme = theme; } catch { /* file: */ } }, mode.theme);
    await context.route((url) => !own(url), (route) => { report("external-request", route.request().url()); return route.abort(); });
    const tab = await context.newPage();
    tab.on("console", (m) => m.type() === "error" && !/ERR_(FAILED|FILE_NOT_FOUND)|status of 404/.test(m.text()) && report("console-error", m.text()));
    tab.on("pageerror", (e) => report("console-error", e.message));
    tab.on("response", (r) => r.status() >= 400 && report("missing-file", r.url()));
    tab.on("requestfailed", (r) => own(new URL(r.url())) && r.failure()?.errorText !== "net::ERR_ABORTED" && report("missing-file", r.url()));
    const address = mode.file ? pathToFileURL(join(site.root, page)).href : `${origin}/${page}`;
    const onward = redirect(site.root, page);
    await tab.goto(address, { waitUntil: "load" });
    if (onward) { // it must lead to a page, which is checked under its own name
      await tab.waitForURL(new URL(onward, address).href, { timeout: 5000 }).catch(() => report("dead-link", onward));
      return;
    }
    await tab.evaluate(async () => { await document.fonts.ready; });
    await tab.addStyleTag({ content: "*, *::before, *::after { transition: none !important; animation: none !important; }" });
    if (page === "book/index.html" && mode.content && (await tab.evaluate(titles)) !== 1) report("title", "its title stands there more than once");
    if (await tab.evaluate(unfold)) report("still-folded", "an element keeps the class toggle-hidden");
    const theme = await tab.evaluate(() => document.documentElement.dataset.theme);
    if (theme && theme !== mode.theme) report("theme", `asked for ${mode.theme}, got ${theme}`);
    if (mode.content) {
      const found = await tab.evaluate(inspect);
      found.unrendered.forEach((m) => report("math-not-rendered", m));
      found.texErrors.forEach((m) => report("math-error", m));
      for (const { alt, src } of found.images) {
        if (!alt?.trim()) report("alt-missing", src);
        else if (/\.(png|svg|jpe?g|gif|webp)\s*$/i.test(alt)) report("alt-file-name", alt);
      }
      if (!mode.file) seen.set(page, { ...found, address: tab.url() });
    }
    if (!mode.file && mode.theme === "light") (await tab.evaluate(lonePunctuation)).forEach((text) => report("lone-punctuation", text));
    if (!mode.file) {
      // scripts give what scrolls a tab stop and a mark a moment after it was unfolded; if they never do, it is reported below
      const stops = () => [...document.querySelectorAll("pre")].every((e) => e.scrollWidth <= e.clientWidth + 1 || (e.tabIndex >= 0 && e.hasAttribute("data-scrolls")));
      await tab.waitForFunction(stops, null, { timeout: 3000 }).catch(() => {});
      await tab.evaluate(AXE);
      const result = await tab.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), TAGS);
      for (const v of result.violations) {
        for (const n of v.nodes) report(`axe:${v.id}`, `${n.html.slice(0, 160)} | ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? v.help}`);
      }
      (await tab.evaluate(layout, mode.width < 1000)).forEach(([rule, detail]) => report(rule, detail));
      const wide = await tab.evaluate(() => document.scrollingElement.scrollWidth - window.innerWidth);
      if (mode.width < 1000 && wide > 0) report("sideways-scroll", `${wide} px wider than the window`);
    }
    if (site.screenshots && !mode.file) {
      mkdirSync(site.screenshots, { recursive: true });
      await tab.screenshot({ path: join(site.screenshots, `${page.replaceAll("/", "_")} ${mode.name}.png`), fullPage: true });
    }
    for (const slider of await tab.locator("figure.frames input[type=range]").all()) {
      const shown = () => slider.evaluate((e) => [...e.closest("figure").querySelectorAll(".frame")].findIndex((i) => i.checkVisibility()));
      await slider.focus();
      await tab.keyboard.press("Home");
      const first = await shown();
      await tab.keyboard.press("ArrowRight");
      if (first !== 0 || (await shown()) !== 1) report("slider", "Home and the right arrow do not show the first and second frame");
    }
  } finally {
    await context.close();
  }
}

function checkLinks(site, seen, add) {
  for (const [page, { links, address }] of seen) {
    for (const href of new Set(links)) {
      const url = new URL(href);
      if (url.origin !== site.origin) {
        if (!["http:", "https:", "mailto:"].includes(url.protocol)) add(page, "links", "dead-link", href);
        continue;
      }
      const file = fileAt(site.root, url.pathname);
      if (!file) { add(page, "links", "dead-link", url.pathname); continue; }
      const anchor = decodeURIComponent(url.hash.slice(1));
      const target = url.href.split("#")[0] === address.split("#")[0] ? seen.get(page) : seen.get(relative(site.root, file).replaceAll(sep, "/"));
      if (anchor && anchor !== "top" && target && !target.ids.includes(anchor)) add(page, "links", "dead-anchor", url.pathname + url.hash);
    }
  }
}

async function check(browser, root, screenshots) {
  const server = await serve(root);
  const site = { root, origin: `http://127.0.0.1:${server.address().port}`, screenshots };
  const pages = allPages(root);
  const problems = [];
  const seen = new Map();
  const add = (page, mode, rule, detail) => problems.push({ page, mode, rule, detail: String(detail).replaceAll(site.origin, "") });
  const queue = pages.slice();
  const work = async () => {
    for (let page = queue.shift(); page; page = queue.shift()) {
      for (const mode of modesOf(page)) {
        try {
          await checkMode(browser, site, page, mode, (rule, detail) => add(page, mode.name, rule, detail), seen);
        } catch (error) {
          add(page, mode.name, "not-checked", error.message.split("\n")[0]);
        }
      }
    }
  };
  await Promise.all([work(), work()]);
  checkLinks(site, seen, add);
  server.close();
  const sum = (f) => [...seen.values()].reduce((n, page) => n + f(page), 0);
  return { problems, pages, formulas: sum((p) => p.formulas), images: sum((p) => p.images.length), links: sum((p) => p.links.length) };
}

const math = (content) => `<p><span class="math"><math>${content}</math></span> is a formula.</p>`;
const WIDE = '<div style="width:900px">wide</div>';
const WIDE_TABLE = (attributes, cell) => `<div ${attributes} style="width:300px;overflow:auto"><table><tr><td><div style="width:2000px">A wide cell</div></td><td>${cell}</td></tr></table></div>`;
const BAD = { // name: [head, body, the rules that must be reported]
  "good": ["", `${math("<msup><mi>x</mi><mn>2</mn></msup>")}<p style="width:4em">A few words, and a formula <span style="white-space:nowrap"><math><mi>x</mi></math>,</span> with 75&nbsp;% of them.</p>`
    + '<img src="_static/a.png" alt="A red square on white"><p>This is <a href="good.html#here" id="here">a link</a> in a line.</p><details><summary>More</summary>text</details>', []],
  "external": ["", '<img src="http://external.invalid/a.png" alt="A picture from elsewhere">', ["external-request"]],
  "external-file": ["", '<script>if (location.protocol === "file:") fetch("http://external.invalid/a").catch(() => {})</script>', ["external-request"]],
  "console": ["", '<script>console.error("told")</script>', ["console-error"]],
  "exception": ["", "<script>throw new Error('thrown')</script>", ["console-error"]],
  "missing": ["", '<script src="nowhere.js"></script>', ["missing-file"]],
  "raw-math": ["", '<p class="math">\\(x\\)</p>', ["math-not-rendered"]],
  "empty-math": ["", math("<mrow></mrow>"), ["math-not-rendered"]],
  "unknown-tex": ["", math("<mtext>\\nosuchcommand</mtext>"), ["math-error"]],
  "broken-tex": ["", math("<merror><mtext>too many brackets</mtext></merror>"), ["math-error"]],
  "red-tex": ["", math('<mtext style="color:red;background:black">x</mtext>'), ["math-error"]],
  "lone-comma": ["", '<p style="width:2em">A <math><mi>x</mi><mo>+</mo><mi>y</mi></math>, and more</p>', ["lone-punctuation"]],
  "lone-percent": ["", '<ul><li style="width:2.5em">about 75 % of it</li></ul>', ["lone-punctuation"]],
  "alt": ["", '<img src="_static/a.png" role="presentation" alt="">', ["alt-missing"]],
  "alt-name": ["", '<img src="_static/a.png" alt="../_images/a.svg">', ["alt-file-name"]],
  "link": ["", '<a href="nowhere.html">a link</a>', ["dead-link"]],
  "download": ["", '<a href="colab/nowhere.ipynb" download>a copy</a>', ["dead-link"]],
  "redirect": ['<meta http-equiv="refresh" content="0; url=nowhere.html">', "", ["dead-link", "missing-file"]],
  "anchor": ["", '<a href="good.html#nowhere">a link</a>', ["dead-anchor"]],
  "contrast": ["", '<p style="color:#999;background:#fff">pale</p>', ["axe:color-contrast"]],
  "contrast-dark": ["<style>@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } p { color: #555 } }</style>", "<p>pale in the dark</p>", ["axe:color-contrast"]],
  "contrast-folded": ["", '<details><summary>More</summary><p style="color:#999;background:#fff">pale</p></details>', ["axe:color-contrast"]],
  "contrast-dropdown": ["<style>.toggle-hidden p { display: none }</style>", '<div class="toggle-hidden"><button class="toggle-button" onclick="this.parentElement.classList.remove(\'toggle-hidden\')">More</button><p style="color:#999;background:#fff">pale</p></div>', ["axe:color-contrast"]],
  "label": ["", '<input type="range">', ["axe:label"]],
  "scroll-region": ["", `<pre style="overflow:auto;width:200px">${"word ".repeat(200)}</pre>`, ["axe:scrollable-region-focusable", "overflow"]],
  "landmark": ["", "</main><p>outside</p><main>", ["axe:region", "axe:landmark-no-duplicate-main", "axe:landmark-unique"]],
  "sideways": ["", WIDE, ["sideways-scroll"]],
  "theme": ["<script>document.documentElement.dataset.theme = 'light'</script>", "", ["theme"]],
  "frame": ["", '<figure class="frames"><div class="frame" role="img" aria-label="">1</div></figure>', ["alt-missing", "axe:role-img-alt"]],
  "overflow": ["", WIDE_TABLE("", "cell"), ["overflow", "axe:scrollable-region-focusable"]],
  "overflow-said": ["", WIDE_TABLE('data-scrolls tabindex="0"', "cell"), []],
  "overflow-page": ["<style>main { overflow: hidden }</style>", `<table><tr><td>${"wide".repeat(500)}</td></tr></table>`, ["overflow"]],
  "verdict": ["", WIDE_TABLE('data-scrolls tabindex="0"', '<span class="verdict">wrong</span>'), ["verdict-hidden"]],
  "figure-text": ["", '<svg id="f" width="100" height="30" viewBox="0 0 200 60" role="img" aria-label="A small word"><text y="30" font-size="16">small</text></svg>', ["figure-text"]],
  "figure-turned": ["", '<svg width="90" height="90" viewBox="0 0 90 90" role="img" aria-label="A turned word"><text x="30" y="80" font-size="12" transform="rotate(-90 30 80)">turned</text></svg>', []],
  "svg-in-img": ["", '<img src="_static/a.svg" width="9" height="9" alt="A red square on white">', ["svg-in-img"]],
  "book/index": ["", "<p>book/index is said twice.</p>", ["title"]],
  "slider": ["", '<figure class="frames"><div class="frame" role="img" aria-label="Frame one, a square">1</div><div class="frame" role="img" hidden aria-label="Frame two, a square">2</div><label>r <input type="range" min="0" max="1" value="0"></label></figure>', ["slider"]],
};

async function selfTest(browser) {
  const folder = mkdtempSync(join(tmpdir(), "check-pages-"));
  try {
    mkdirSync(join(folder, "_static"));
    writeFileSync(join(folder, "_static", "a.png"), Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==", "base64"));
    writeFileSync(join(folder, "_static", "a.svg"), '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="red"/></svg>');
    for (const [name, [head, body]] of Object.entries(BAD)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, `${name}.html`), `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${name}</title>`
        + `<meta name="viewport" content="width=device-width"><link rel="icon" href="${name.includes("/") ? "../" : ""}_static/a.svg">${head}</head><body><main><h1>${name}</h1>${body}</main></body></html>`);
    }
    const { problems } = await check(browser, folder);
    let bad = 0;
    for (const [name, [, , rules]] of Object.entries(BAD)) {
      const got = [...new Set(problems.filter((p) => p.page === `${name}.html`).map((p) => p.rule))];
      if (got.sort().join() === rules.slice().sort().join()) continue;
      bad += 1;
      console.log(`self-test: page "${name}" must give [${rules}], gave [${got}]`);
      problems.filter((p) => p.page === `${name}.html`).forEach((p) => console.log(`   ${p.mode}: ${p.rule}: ${p.detail}`));
    }
    console.log(bad ? `${bad} bad pages are not reported as they should be` : `Self-test: each of ${Object.keys(BAD).length - 1} bad pages is reported for its fault alone, the good one is not`);
    return bad;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main(args) {
  const browser = await launch();
  try {
    if (args.includes("--self-test")) return await selfTest(browser);
    const root = builtBook(args);
    const screenshots = args.find((a) => a.startsWith("--screenshots="))?.slice(14);
    const { problems, pages, formulas, images, links } = await check(browser, root, screenshots);
    const left = exempted(problems, exemptions(), LAYOUT, pages);
    left.forEach((p) => console.log(`${p.page} (${p.mode ?? "exemptions.json"}): ${p.rule}: ${p.detail}`));
    const what = `${pages.length} pages, ${formulas} formulas, ${images} images, ${links} links, ${MODES.length} ways each`;
    console.log(left.length ? `${left.length} problems in ${what}` : `No problem in ${what}`);
    return left.length;
  } finally {
    await browser.close();
  }
}

main(process.argv.slice(2)).then((bad) => process.exit(bad ? 1 : 0), (error) => { console.error(error.message); process.exit(1); });
