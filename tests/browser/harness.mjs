// Drives the dashboard in a real browser. What every test wants to hold on every page is checked here, so that no test
// can forget it: nothing on the console, no breach of the content security policy, no request to another host.
//
//     import { annals, browserTest, axe, screenshot } from "./harness.mjs";
//
//     const server = annals({ init: true });
//
//     browserTest("a person signs in", async ({ page }) => {
//       await page.goto(`${(await server).url}/sign-in`);
//       ...
//       await axe(page);
//       await screenshot(page, "sign-in");
//     });

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);

/** What ends after the last test of the file. A hook that is set within a test would belong to that test. */
const atTheEnd = [];
after(async () => {
  for (const end of atTheEnd.reverse()) await end();
});

/** How long a server may take to say where it listens, or to stop, in milliseconds. */
const PATIENCE = 30_000;

// ---- the server

/** Who sets up, when a test does not care. The password is long enough for any rule. */
export const founder = Object.freeze({
  name: "Ada Lovelace",
  email: "ada@example.com",
  password: "a difference engine in Marylebone",
  organization: "Analytical Engines",
  workspace: "Production",
});

/** The program under test. */
export function binary() {
  return process.env.ANNALS_BIN ?? fileURLToPath(new URL("../../target/debug/annals", import.meta.url));
}

/**
 * Starts `annals serve` on a free port with folders of its own, and stops it after the tests of the file.
 *
 * - `init`: set up first with `annals init`; `true` for the founder, or an object that changes some of its fields.
 *   What `init` printed is in `ids` then. Without it, `setUpUrl` is the link of the first start.
 * - `args`, `env`: more arguments and variables for `annals serve`.
 * - `program`: another program, for the harness's own tests.
 *
 * Gives `{ url, setUpUrl, ids, folder, output(), api(), stop() }`.
 */
export function annals(options) {
  const started = start(options);
  // Registered before it has started: the tests of a file may all be left out, and be over by then.
  atTheEnd.push(async () => (await started.catch(() => undefined))?.stop());
  return started;
}

async function start({ init = false, args = [], env = {}, program = [binary()] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "annals-browser-"));
  const places = ["--data", join(folder, "data"), "--keys", join(folder, "annals.keys"), "--guard", join(folder, "guard")];
  const environment = { ...withoutAnnals(process.env), ...env };
  const removeNow = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeNow);

  let server;
  let ids;
  try {
    if (init) ids = await runInit(program, places, environment, init === true ? {} : init);
    server = await serve(program, [...places, "--listen", "127.0.0.1:0", ...args], environment);
  } catch (error) {
    process.off("exit", removeNow);
    removeNow();
    throw error;
  }

  let stopped;
  const stop = () =>
    (stopped ??= (async () => {
      const code = await server.stop();
      process.off("exit", removeNow);
      await rm(folder, { recursive: true, force: true });
      assert.equal(code, 0, `annals serve stopped with ${code}:\n${server.output()}`);
    })());

  return { url: server.url, setUpUrl: server.setUpUrl, ids, folder, output: server.output, api: api(server.url), stop };
}

/** Runs the program once. Gives its standard output; an exit code that is not 0 is an error with all that it said. */
export async function run(args, { input = "", env = {}, program = [binary()] } = {}) {
  const child = spawn(program[0], [...program.slice(1), ...args], { env: { ...withoutAnnals(process.env), ...env } });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (err += text));
  child.stdin.on("error", () => {}); // it may end before it has read all
  child.stdin.end(input);
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  assert.equal(code, 0, `annals ${args[0]} ended with ${code}:\n${out}${err}`);
  return out;
}

async function runInit(program, places, env, changed) {
  const who = { ...founder, ...changed };
  // `init` knows neither guard nor address: it sets up and ends.
  const args = ["init", ...places.slice(0, 4), "--organization", who.organization, "--workspace", who.workspace];
  args.push("--name", who.name, "--email", who.email, "--password-stdin", "--json");
  return JSON.parse(await run(args, { input: `${who.password}\n`, env, program }));
}

function serve(program, args, env) {
  const child = spawn(program[0], [...program.slice(1), "serve", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);

  let text = "";
  let setUpUrl;
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
  const started = new Promise((resolve, reject) => {
    const refuse = (why) => reject(new Error(`annals serve ${why}:\n${text}`));
    const patience = setTimeout(() => (refuse("did not say where it listens"), kill()), PATIENCE);
    child.on("error", reject);
    child.on("close", () => (clearTimeout(patience), process.off("exit", kill), refuse("ended")));
    for (const stream of [child.stdout, child.stderr]) {
      // The streams may come in either order, and the two lines too. The link belongs to the same first words, so what
      // is read in one turn of the event loop is taken together.
      createInterface({ input: stream }).on("line", (line) => {
        text += `${line}\n`;
        setUpUrl ??= line.match(/https?:\/\/\S+\/setup\?token=[\w.~%-]+/i)?.[0];
        const url = line.match(/listening on (https?:\/\/[^\s/"]+)/i)?.[1];
        if (url) setTimeout(() => (clearTimeout(patience), resolve(url)), 50);
      });
    }
  });

  const stop = async () => {
    child.kill("SIGTERM");
    const patience = setTimeout(kill, PATIENCE);
    const code = await ended;
    clearTimeout(patience);
    process.off("exit", kill);
    return code;
  };
  return started.then((url) => ({ url, setUpUrl, output: () => text, stop }));
}

/** The settings of whoever runs the tests are not those of the test. */
function withoutAnnals(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("ANNALS_")));
}

/**
 * A caller of the server's HTTP API: `await api("POST", "/v2/sources", { token, body })` gives the answer's JSON, and
 * is an error on any status outside 200 to 299, unless `status` names the one that is expected.
 */
function api(url) {
  return async (method, path, { token, body, status } = {}) => {
    const headers = { accept: "application/json" };
    if (token) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const answer = await fetch(new URL(path, url), { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    const fits = status === undefined ? answer.ok : answer.status === status;
    assert.ok(fits, `${method} ${path} answered ${answer.status}: ${text}`);
    return text && /\bjson\b/.test(answer.headers.get("content-type") ?? "") ? JSON.parse(text) : text;
  };
}

// ---- an authenticator app

/** The code of an authenticator app (RFC 6238), made without our code. */
export function code(seed, steps = 0) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...seed.replaceAll(" ", "")].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
  const hash = createHmac("sha1", key).update(counter).digest();
  const number = (hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1000000;
  return String(number).padStart(6, "0");
}

// ---- the browser

let running;

/** One browser for the tests of a file. */
function browser() {
  if (!running) {
    running = chromium.launch({
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: [
        // It calls home by itself, which no test needs and many machines refuse.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--no-first-run",
        "--host-resolver-rules=MAP annals.test 127.0.0.1", // a name that is not localhost
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), // root cannot have its sandbox
      ],
    });
    atTheEnd.push(async () => (await running).close());
  }
  return running;
}

/**
 * A test in a browser window of its own. `run` gets `{ page, context, problems, t }`.
 *
 * It fails when the browser had anything to complain about. `allow` lists, as regular expressions, complaints that
 * belong to the test (a page that answers 403, say); one that did not occur fails the test too. The other options are
 * Playwright's for a context: `javaScriptEnabled`, `colorScheme`, `viewport`, `locale`, `timezoneId`, ...
 */
export function browserTest(name, ...rest) {
  const run = rest.pop();
  const { allow = [], ...options } = rest.pop() ?? {};
  // For a test that hangs. How fast the machine is, is not what is tested, and axe looks at many pages in some of them.
  test(name, { timeout: PATIENCE * 6 }, async (t) => {
    const context = await (await browser()).newContext({ locale: "en-GB", timezoneId: "Asia/Kathmandu", ...options });
    if (options.javaScriptEnabled === false) withoutScripts.add(context);
    try {
      const problems = await watch(context);
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE / 3);
      await run({ page, context, problems, t });
      await settle(context);
      judge(problems, allow);
    } finally {
      await context.close();
    }
  });
}

/** Notes what the browser complains about, on every page of the context. */
async function watch(context) {
  const problems = [];
  await context.exposeBinding("__policyBreach", (_, breach) => problems.push(`policy: ${breach}`));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      const where = event.sourceFile ? ` (${event.sourceFile}:${event.lineNumber})` : "";
      globalThis.__policyBreach(`${event.effectiveDirective} forbids ${event.blockedURI || "this"}${where}`);
    });
  });
  context.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    const { url, lineNumber } = message.location();
    problems.push(`console: ${message.text()}${url ? ` (${url}:${lineNumber})` : ""}`);
  });
  context.on("weberror", (webError) => problems.push(`script: ${webError.error()}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (["http:", "https:", "ws:", "wss:"].includes(url.protocol) && !["127.0.0.1", "localhost", "annals.test"].includes(url.hostname)) {
      problems.push(`request to another host: ${request.url()}`);
    }
  });
  return problems;
}

/**
 * The browser reports in its own time: after one more answer from each page, what it had to say before has arrived.
 * (No timer and no frame: they never come on a page whose scripts are switched off.)
 */
async function settle(context) {
  for (const page of context.pages()) await page.evaluate(() => document.readyState).catch(() => {});
}

/** Fails on a complaint that is not allowed, and on an allowance that nothing came under. */
export function judge(problems, allow) {
  const wrong = problems.filter((problem) => !allow.some((pattern) => pattern.test(problem)));
  assert.equal(wrong.length, 0, `the browser complained:\n${wrong.map((problem) => `  ${problem}`).join("\n")}`);
  for (const pattern of allow) {
    assert.ok(problems.some((problem) => pattern.test(problem)), `allowed, but did not occur: ${pattern}`);
  }
}

// ---- what is looked at on a page

let axeSource;
const withoutScripts = new WeakSet();

/** WCAG 2.0, 2.1 and 2.2, levels A and AA, and what axe calls best practice. */
const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

/** Fails with a readable list if axe finds anything on the page as it is now. */
export async function axe(page) {
  assert.ok(!withoutScripts.has(page.context()), "axe needs timers, which never come where scripts are switched off");
  axeSource ??= readFile(require.resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(await axeSource); // past the policy of the page, which forbids scripts that are not its own
  const { violations, passes } = await page.evaluate(
    (values) => globalThis.axe.run({ runOnly: { type: "tag", values } }),
    STANDARDS,
  );
  assert.ok(passes.length > 0, `axe found nothing to look at on ${page.url()}`);
  const list = violations.map(({ id, impact, help, helpUrl, nodes }) => {
    const places = nodes.map(({ target, failureSummary }) => {
      const why = failureSummary.split("\n").slice(1).map((line) => line.trim()).join("; ");
      return `    ${target.flat().join(" ")}: ${why}`;
    });
    return `  ${impact}: ${help} (${id}, ${helpUrl})\n${places.join("\n")}`;
  });
  assert.equal(list.length, 0, `axe on ${page.url()}:\n${list.join("\n")}`);
}

/** Keeps a picture of the whole page in the folder ANNALS_SCREENSHOTS, if that is set. */
export async function screenshot(page, name) {
  const folder = process.env.ANNALS_SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, animations: "disabled" });
}

/** Looks at a page wide and narrow, light and dark: accessible, and no wider than the window. */
export async function look(page, name) {
  for (const [width, scheme] of [[1440, "light"], [1440, "dark"], [390, "light"], [390, "dark"]]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await axe(page);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${name} is ${over} px too wide at ${width}`);
    await screenshot(page, `${name}-${width}-${scheme}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
}
