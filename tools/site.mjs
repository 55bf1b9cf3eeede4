// What the checks of the built pages share: their files, a server on this machine, and the browser.

import { createServer } from "node:http";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { extname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { chromium } from "playwright-core";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
  ".png": "image/png", ".json": "application/json", ".woff": "font/woff", ".woff2": "font/woff2" };
const TEXT = new Set([".html", ".js", ".css", ".svg", ".json"]);

export function files(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((e) => (e.isDirectory() ? files(join(folder, e.name)) : [join(folder, e.name)]));
}

// The names of all pages, from the folder of the book.
export function pages(root) {
  return files(root).filter((f) => f.endsWith(".html") && !relative(root, f).startsWith("_static"))
    .map((f) => relative(root, f).replaceAll(sep, "/")).sort();
}

// Where a page leads that does nothing else, or null.
export function redirect(root, page) {
  return /http-equiv="refresh" content="0; *url=([^"]+)"/.exec(readFileSync(join(root, page), "utf8"))?.[1] ?? null;
}

export function fileAt(root, path) {
  const file = join(root, decodeURIComponent(path));
  if (!file.startsWith(root + sep) && file !== root) return null;
  const page = existsSync(file) && statSync(file).isDirectory() ? join(file, "index.html") : file;
  return existsSync(page) ? page : null;
}

// A server of the folder; `compressed` as hosts of pages do it.
export function serve(root, { compressed = false } = {}) {
  const ready = new Map();
  const body = (file) => {
    if (!ready.has(file)) {
      const plain = readFileSync(file);
      const small = compressed && TEXT.has(extname(file));
      ready.set(file, small ? brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }) : plain);
    }
    return ready.get(file);
  };
  const server = createServer((request, response) => {
    const file = fileAt(root, new URL(request.url, "http://localhost").pathname);
    const headers = { "content-type": TYPES[extname(file ?? "")] ?? "application/octet-stream", "cache-control": "max-age=31536000" };
    if (file && compressed && TEXT.has(extname(file))) headers["content-encoding"] = "br";
    response.writeHead(file ? 200 : 404, headers);
    response.end(file ? body(file) : "");
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

export function builtBook(args) {
  const root = resolve(args.find((a) => !a.startsWith("--")) ?? join(fileURLToPath(import.meta.url), "../../_build/html"));
  if (!existsSync(join(root, "index.html"))) throw new Error(`no index.html in ${root}: run make book`);
  return root;
}

export async function launch(...flags) {
  const executablePath = process.env.CHROMIUM ?? BROWSERS.find(existsSync);
  if (!executablePath) throw new Error(`no browser: set CHROMIUM, or install one of ${BROWSERS.join(", ")}`);
  return chromium.launch({ executablePath, args: [...FLAGS, ...flags] });
}

// Pages that a later edition rebuilds, and the rules that they may break until then.
export function exemptions() {
  return JSON.parse(readFileSync(join(fileURLToPath(import.meta.url), "../exemptions.json"), "utf8"));
}

// Split faults ({page, rule}) by the exemptions for `rules`; one that is not needed, or names no page, is a fault too.
export function exempted(faults, exempt, rules, pageNames) {
  const allowed = (page, rule) => (exempt[page] ?? []).includes(rule);
  const left = faults.filter((f) => !allowed(f.page, f.rule));
  for (const [page, names] of Object.entries(exempt)) {
    if (!pageNames.includes(page)) left.push({ page, rule: "exemption", detail: "there is no such page: remove it" });
    for (const rule of names.filter((name) => rules.includes(name) && pageNames.includes(page))) {
      if (!faults.some((f) => f.page === page && f.rule === rule)) left.push({ page, rule: "exemption", detail: `${rule} is kept: remove it` });
    }
  }
  return left;
}
