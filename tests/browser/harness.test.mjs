// The harness itself: it finds what it is there to find. A small server stands in for the dashboard.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { annals, axe, browserTest, founder, judge, screenshot } from "./harness.mjs";

const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'";

const page = (body) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title><link rel="icon" href="data:,"></head>` +
  `<body><main><h1>A page</h1>${body}</main></body></html>`;

const PAGES = {
  "/good": page("<p>Nothing is wrong here.</p>"),
  "/no-label": page('<input type="text">'),
  "/inline-script": page("<script>document.title = 'changed'</script>"),
  "/elsewhere": page('<img src="http://annals.invalid/pixel.png" alt="">'),
};

let base;
const server = createServer((request, response) => {
  const body = PAGES[request.url];
  // The icon is the harness's own convenience, so the stand-in's policy lets it through.
  const policy = `${POLICY} data:`;
  response.writeHead(body ? 200 : 404, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy });
  response.end(body ?? page("<p>There is nothing here.</p>"));
});

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${server.address().port}`;
});
after(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));

browserTest("a good page passes", async ({ page, problems }) => {
  await page.goto(`${base}/good`);
  await axe(page);
  assert.deepEqual(problems, []);
});

browserTest("a page is opened where scripts are switched off, but not by axe", { javaScriptEnabled: false }, async ({ page }) => {
  await page.goto(`${base}/good`);
  assert.equal(await page.locator("h1").textContent(), "A page");
  await assert.rejects(axe(page), /axe needs timers/);
});

browserTest("axe finds a field without a label, and says where", async ({ page }) => {
  await page.goto(`${base}/no-label`);
  await assert.rejects(axe(page), (error) => {
    assert.match(error.message, /critical: Form elements must have labels/);
    assert.match(error.message, /^ +input: /m);
    return true;
  });
});

browserTest("a script that the policy forbids is noticed", { allow: [/^policy: script-src-elem forbids inline/, /^console: /] }, async ({ page }) => {
  await page.goto(`${base}/inline-script`);
  assert.equal(await page.title(), "A page");
});

browserTest("a missing page is noticed", { allow: [/^console: .*404/] }, async ({ page }) => {
  await page.goto(`${base}/missing`);
});

browserTest("a script's error is noticed", { allow: [/^script: Error: on purpose/] }, async ({ page }) => {
  await page.goto(`${base}/good`);
  await page.evaluate(() => setTimeout(() => { throw new Error("on purpose"); }));
});

const elsewhere = { allow: [/^request to another host: http:..annals\.invalid/, /^policy: img-src/, /^console: /] };
browserTest("a request to another host is noticed, even if the policy stops it", elsewhere, async ({ page }) => {
  await page.goto(`${base}/elsewhere`);
});

test("what was allowed has to occur, and nothing else may", () => {
  assert.throws(() => judge(["console: one", "console: two"], [/one/]), /the browser complained:\n  console: two/);
  assert.throws(() => judge([], [/one/]), /allowed, but did not occur: \/one\//);
  judge(["console: one"], [/one/]);
});

browserTest("a picture is kept where the person wants one", async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), "annals-pictures-"));
  const asked = process.env.ANNALS_SCREENSHOTS;
  process.env.ANNALS_SCREENSHOTS = join(folder, "new");
  try {
    await page.goto(`${base}/good`);
    await screenshot(page, "good");
    assert.deepEqual(readdirSync(join(folder, "new")), ["good.png"]);
  } finally {
    if (asked === undefined) delete process.env.ANNALS_SCREENSHOTS;
    else process.env.ANNALS_SCREENSHOTS = asked;
    rmSync(folder, { recursive: true });
  }
});

const STAND_IN = [process.execPath, fileURLToPath(new URL("./stand-in.mjs", import.meta.url))];

test("a server is set up, started, called and stopped", async () => {
  const server = await annals({ init: true, program: STAND_IN });
  assert.equal(server.ids.name, founder.name);
  assert.equal(server.ids.password, founder.password);
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(server.setUpUrl, `${server.url}/setup?token=stand-in`);
  assert.deepEqual(await server.api("POST", "/echo", { token: "t", body: { a: 1 } }), { authorization: "Bearer t", body: { a: 1 } });
  await assert.rejects(server.api("GET", "/missing"), /GET \/missing answered 404/);
  await server.api("GET", "/missing", { status: 404 });
  assert.ok(existsSync(server.folder));
  await server.stop();
  assert.ok(!existsSync(server.folder));
});

test("a server that does not start says why, and leaves nothing", async () => {
  await assert.rejects(annals({ program: STAND_IN, args: ["--refuse"] }), /annals serve ended:\nthe port is taken/);
});
