// Live events: the data plane, which the test speaks for, sends what it does while somebody looks.

import assert from "node:assert/strict";
import { annals, browserTest, founder, look } from "./harness.mjs";

const server = annals({ init: true });

async function signIn(page) {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Sign in')");
  await page.waitForSelector("h1");
  return url;
}

/** Speaks as the data plane of the workspace. */
async function dataPlane(method, path, body) {
  const { url, ids } = await server;
  const authorization = `Basic ${Buffer.from(`${ids.workspaceToken}:`).toString("base64")}`;
  const answer = await fetch(`${url}${path}`, { method, headers: { authorization, "content-type": "application/json;charset=UTF-8" }, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

const event = (name, type = "track", more = {}) => ({
  payload: { type, event: name, userId: "u-1", context: { traits: { email: "edda@example.com" } } },
  receivedAt: new Date().toISOString(), eventName: name, eventType: type, errorResponse: {}, errorCode: 200, ...more,
});

async function source(name) {
  const { api, ids } = await server;
  return (await api("POST", "/v2/sources", { token: ids.accessToken, body: { name, type: "HTTP" } })).source;
}

const switched = async (id) => (await dataPlane("GET", "/workspaceConfig")).sources.find((one) => one.id === id).config.eventUpload;

browserTest("live events of a source come by themselves, and stop while they are paused", async ({ page }) => {
  const { id, writeKey } = await source("Shop");
  const url = await signIn(page);
  assert.equal(await switched(id), undefined);
  await page.goto(`${url}/sources/${id}`);
  await page.click("nav.tabs a:has-text('Live events')");
  await page.waitForSelector("text=Nothing yet");
  await look(page, "live-none");
  assert.equal(await switched(id), true, "the data plane is told to send");

  const send = (...events) => dataPlane("POST", "/dataplane/v2/eventUploads", { version: "v2", [writeKey]: events });
  await send(event("Order Completed"), event("Signed Up", "identify"), event("Refunded", "track", { errorCode: 400, errorResponse: { why: "no price" } }));
  await page.waitForSelector(".live li:has-text('Refunded')");
  assert.equal(await page.locator(".live li").count(), 3);
  assert.equal(await page.locator("#live-none").count(), 0);

  // What is open stays open when more comes.
  await page.click(".live li:has-text('Order Completed') summary");
  assert.match(await page.locator(".live li:has-text('Order Completed') pre").textContent(), /edda@example.com/);
  await send(event("Viewed"));
  await page.waitForSelector(".live li:first-child:has-text('Viewed')");
  assert.ok(await page.locator(".live li:has-text('Order Completed') pre").isVisible());
  await look(page, "live");

  await page.click("#live-pause");
  await page.waitForSelector("#live-state:has-text('Paused')");
  await send(event("While it was paused"));
  await page.click("#live-pause:has-text('Go on')");
  await page.waitForSelector(".live li:first-child:has-text('While it was paused')");

  await page.selectOption("#type", "identify");
  await page.click("button:has-text('Apply')");
  await page.waitForURL(/type=identify/);
  assert.equal(await page.locator(".live li").count(), 1);
  await send(event("Not that"), event("Another", "identify"));
  await page.waitForSelector(".live li:first-child:has-text('Another')");
  assert.equal(await page.locator(".live li").count(), 2);
});

browserTest("live events are read without a script", { javaScriptEnabled: false }, async ({ page }) => {
  const { id, writeKey } = await source("Old shop");
  const url = await signIn(page);
  await page.goto(`${url}/sources/${id}/live`);
  await dataPlane("POST", "/dataplane/eventUploads", { [writeKey]: [{ type: "page", event: "Opened", userId: "u-2" }] });
  assert.equal(await page.locator("#live-pause").isVisible(), false);
  await page.click("a:has-text('Load again')");
  await page.click(".live li summary");
  assert.match(await page.locator(".live li pre").textContent(), /u-2/);
});

browserTest("live events of a destination and a transformation say what became of an event", async ({ page }) => {
  const { api, ids } = await server;
  const token = ids.accessToken;
  const { id: from } = await source("Till");
  const { destination } = await api("POST", "/v2/destinations", { token, body: { name: "Hook", type: "WEBHOOK", config: { webhookUrl: "https://example.com" } } });
  const mask = await api("POST", "/transformations?publish=true", { token, body: { name: "Mask", language: "javascript", code: "export function transformEvent(event) { return event; }" } });
  const url = await signIn(page);
  await page.goto(`${url}/transformations/${mask.id}/live`);
  const told = (eventsAfter, error = false) => ({ transformationId: mask.id, sourceId: from, destinationId: destination.id, eventBefore: { eventName: "Bought", eventType: "track", payload: { price: "12" } }, eventsAfter, error });
  await dataPlane("POST", "/dataplane/eventTransformStatus", { payload: [
    told({ payload: [{ payload: { price: 12 } }] }), told({ isDropped: true }), told({ error: "TypeError: price is not a number", statusCode: 400 }, true),
  ] });
  await page.waitForSelector(".live li:has-text('Dropped')");
  await page.click(".live li:has-text('Error') summary");
  await page.waitForSelector("pre:has-text('TypeError')");
  assert.equal(await page.locator(".live-more a:visible").textContent(), "Hook");
  await look(page, "live-transformation");

  await page.goto(`${url}/destinations/${destination.id}/live`);
  const delivered = (jobState, errorCode) => ({ destinationId: destination.id, sourceId: from, payload: { body: {} }, attemptNum: 1, jobState, errorCode, errorResponse: { status: errorCode }, sentAt: new Date().toISOString(), eventName: "Bought", eventType: "track" });
  await dataPlane("POST", "/dataplane/v2/eventDeliveryStatus", { version: "v2", [destination.id]: [delivered("succeeded", "200"), delivered("failed", "503"), delivered("aborted", "400")] });
  await page.waitForSelector(".live li:has-text('Given up, 400')");
  await page.click(".live li:has-text('Given up') summary");
  await look(page, "live-destination");
});

browserTest("an administrator replaces the data plane's token after the password", { allow: [/422/] }, async ({ page }) => {
  const own = await annals({ init: true });
  await page.goto(`${own.url}/sign-in`);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Sign in')");
  await page.waitForSelector("h1");
  await page.goto(`${own.url}/settings/workspace`);
  await look(page, "workspace-settings");
  await page.click("a:has-text('Replace the token')");
  await look(page, "token-ask");
  await page.fill("#password", "not my password at all");
  await page.click("button:has-text('Replace the token')");
  await page.waitForSelector("text=The password is wrong.");
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Replace the token')");
  const token = await page.locator("#new-token").textContent();
  await look(page, "token-shown");
  const ask = (shown) => fetch(`${own.url}/workspaceConfig`, { headers: { authorization: `Basic ${Buffer.from(`${shown}:`).toString("base64")}` } });
  assert.equal((await ask(token)).status, 200);
  assert.equal((await ask(own.ids.workspaceToken)).status, 401);
});
