// RudderStack's SDK for browsers, as npm has it: it loads its configuration from Annals, and sends what a page records to a
// data plane, whose place a small server on this machine takes.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after } from "node:test";
import { annals, browserTest } from "./harness.mjs";

const require = createRequire(import.meta.url);
const server = annals({ init: true });

/** What the data plane was sent: path, authorization and body. */
const sent = [];

const PAGE = `<!doctype html><html lang="en"><head><title>Shop</title><link rel="icon" href="data:,"></head><body><h1>Shop</h1><script type="module" src="/shop.mjs"></script></body></html>`;
const SHOP = `
  import { RudderAnalytics } from "/sdk.mjs";
  const asked = new URLSearchParams(location.search);
  const analytics = new RudderAnalytics();
  globalThis.analytics = analytics;
  analytics.ready(() => { document.body.dataset.ready = "yes"; });
  analytics.load(asked.get("key"), location.origin, { configUrl: asked.get("config") });
  analytics.track("Order Completed", { total: 12.5, currency: "EUR" });
`;

const site = (async () => {
  const sdk = await readFile(require.resolve("@rudderstack/analytics-js/bundled").replace("/cjs/index.cjs", "/esm/index.mjs"));
  const stub = createServer((request, response) => {
    const give = (type, body) => response.writeHead(200, { "content-type": type }).end(body);
    const { pathname } = new URL(request.url, "http://stub");
    if (pathname === "/") return give("text/html", PAGE);
    if (pathname === "/shop.mjs") return give("text/javascript", SHOP);
    if (pathname === "/sdk.mjs") return give("text/javascript", sdk);
    let text = "";
    request.setEncoding("utf8").on("data", (part) => (text += part));
    request.on("end", () => {
      if (text) sent.push({ path: pathname, authorization: request.headers.authorization, body: JSON.parse(text) });
      give("text/plain", "OK");
    });
  });
  await new Promise((resolve) => stub.listen(0, "127.0.0.1", resolve));
  after(() => (stub.closeAllConnections(), stub.close()));
  return `http://127.0.0.1:${stub.address().port}`;
})();

async function source(name, enabled = true) {
  const { api, ids } = await server;
  const made = await api("POST", "/v2/sources", { token: ids.accessToken, body: { name, type: "Javascript", enabled } });
  return made.source;
}

async function open(page, key) {
  const config = (await server).url;
  const answered = page.waitForResponse((response) => response.url().startsWith(`${config}/sourceConfig`));
  await page.goto(`${await site}/?${new URLSearchParams({ key, config })}`);
  return answered;
}

browserTest("RudderStack's SDK loads its configuration from Annals and sends an event", async ({ page }) => {
  const { writeKey, id } = await source("Shop");
  const answer = await open(page, writeKey);
  assert.equal(answer.status(), 200);
  assert.equal((await answer.json()).source.id, id);
  await page.waitForSelector("body[data-ready=yes]");
  await assertSent(page, writeKey, "Order Completed");
  await page.evaluate(() => globalThis.analytics.identify("u-1", { plan: "pro" }));
  await assertSent(page, writeKey, undefined, "identify");
});

/** An event under this write key has come, or comes. */
async function assertSent(page, writeKey, event, type = "track") {
  const shown = `Basic ${Buffer.from(`${writeKey}:`).toString("base64")}`;
  const found = () => sent.find((one) => one.authorization === shown && one.body.type === type && one.body.event === event);
  for (let tries = 0; !found(); tries += 1) {
    assert.ok(tries < 100, `nothing came; what did: ${JSON.stringify(sent.map((one) => [one.path, one.body.type]))}`);
    await page.waitForTimeout(100);
  }
  assert.ok(found().body.anonymousId);
}

browserTest(
  "RudderStack's SDK sends nothing for a source that is off",
  { allow: [/The source is disabled/] },
  async ({ page }) => {
    const { writeKey } = await source("Old shop", false);
    const complaint = page.waitForEvent("console", (message) => /disabled/.test(message.text()));
    assert.equal((await open(page, writeKey)).status(), 200);
    await complaint;
    const shown = `Basic ${Buffer.from(`${writeKey}:`).toString("base64")}`;
    assert.ok(!sent.some((one) => one.authorization === shown));
  },
);

browserTest(
  "RudderStack's SDK is told of a write key that is none",
  { allow: [/400/, /Unable|Failed|Error/i] },
  async ({ page }) => {
    const complaint = page.waitForEvent("console", (message) => /RS SDK|source config/i.test(message.text()));
    assert.equal((await open(page, "not-a-write-key-of-this-instance")).status(), 400);
    await complaint;
  },
);
