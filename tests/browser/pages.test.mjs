// How every page behaves under the hand: what Escape closes, where the focus goes, and that none is pushed sideways.

import assert from "node:assert/strict";
import { annals, browserTest, founder, look, run } from "./harness.mjs";

const server = annals({ init: true });

async function signIn(page, at) {
  const url = at ?? (await server).url;
  await page.goto(`${url}/sign-in`);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Sign in')");
  await page.waitForURL(`${url}/sources`);
  return url;
}

/** Whether something has the focus and is within the window. Once the browser has drawn it: `autofocus` waits for that. */
async function isReached(page, selector) {
  await page.locator(`${selector}:focus`).waitFor();
  return page.$eval(selector, (one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
}

browserTest("a menu closes on Escape and on a click elsewhere", async ({ page }) => {
  const url = await signIn(page);
  await page.goto(`${url}/settings/audit-logs`);
  const isOpen = () => page.$eval("details.menu", (menu) => menu.open);
  await page.click(".menu summary");
  assert.equal(await isOpen(), true);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  assert.equal(await isOpen(), false);
  assert.equal(await page.evaluate(() => document.activeElement.matches(".menu summary")), true, "the focus is not lost");
  await page.click(".menu summary");
  await page.click("h1");
  assert.equal(await isOpen(), false);
});

browserTest("Escape closes the navigation on every page", { viewport: { width: 390, height: 844 } }, async ({ page }) => {
  const url = await signIn(page);
  for (const path of ["/sources", "/settings/audit-logs"]) {
    await page.goto(url + path);
    await page.click("[popovertarget=nav]");
    await page.waitForSelector("#nav:popover-open");
    await page.keyboard.press("Escape");
    assert.equal(await page.$("#nav:popover-open"), null, path);
  }
});

browserTest("Escape closes a row of the log, however it was opened", async ({ page }) => {
  const url = await signIn(page);
  await page.goto(`${url}/settings/audit-logs`);
  const link = page.locator("a.tri").nth(1);
  const opened = page.locator("tr.more:visible");
  const ways = [
    () => link.click(),
    async () => (await link.focus(), await page.keyboard.press("Enter")),
    async () => (await page.keyboard.press("j"), await page.keyboard.press("x")),
  ];
  for (const open of ways) {
    await open();
    await opened.waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await opened.count(), 0);
    await page.evaluate(() => document.activeElement.blur());
  }
  await link.click();
  await page.click("h1");
  await page.keyboard.press("Escape");
  assert.equal(await opened.count(), 0, "wherever the focus is");
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without a script";
  browserTest(`what a form got wrong has the focus and is in view${how}`, { javaScriptEnabled, viewport: { width: 1280, height: 600 }, allow: [/422/] }, async ({ page }) => {
    const url = await signIn(page);
    const tries = [
      ["/settings/team", "#emails", "no address", "Invite"],
      ["/settings/tokens", "#name", " ", "Make a token"],
      ["/profile", "#token_name", " ", "Make a token"],
    ];
    for (const [path, field, value, button] of tries) {
      await page.goto(url + path);
      await page.fill(field, value);
      await page.click(`button:has-text('${button}')`);
      await page.waitForSelector(`${field}[aria-invalid=true]`);
      assert.ok(await isReached(page, field), path);
    }
  });

  browserTest(`a new token is in view as long as it is shown${how}`, { javaScriptEnabled, viewport: { width: 1280, height: 600 } }, async ({ page }) => {
    const url = await signIn(page);
    for (const [path, field] of [["/settings/tokens", "#name"], ["/profile", "#token_name"]]) {
      await page.goto(url + path);
      await page.fill(field, "A program");
      const button = page.locator("button:has-text('Make a token')");
      // With a script two clicks make one token, which is shown.
      await (javaScriptEnabled ? button.dblclick() : button.click());
      await page.waitForSelector("#new-token");
      assert.ok(await isReached(page, ".note:has(#new-token)"), path);
    }
  });
}

browserTest("the tab that is shown is in view on a narrow screen", { viewport: { width: 390, height: 844 } }, async ({ page }) => {
  const url = await signIn(page);
  const { api, ids } = await server;
  const made = await api("POST", "/v2/destinations", { token: ids.accessToken, body: { name: "Warehouse", type: "WEBHOOK", config: { webhookUrl: "https://example.com", webhookMethod: "POST" } } });
  for (const path of [`/destinations/${made.destination.id}/audit-logs`, "/settings/audit-logs?type=workspace", "/settings/types"]) {
    await page.goto(url + path);
    const [from, to] = await page.$eval(".tabs [aria-current]", (tab) => [tab.getBoundingClientRect().left, tab.getBoundingClientRect().right]);
    assert.ok(from >= 0 && to <= 390, `${path}: from ${from} to ${to}`);
  }
});

browserTest("a row of a thing's own tab opens in place, and the address says so", async ({ page }) => {
  const url = await signIn(page);
  const { api, ids } = await server;
  const { source } = await api("POST", "/v2/sources", { token: ids.accessToken, body: { name: "Till", type: "HTTP" } });
  await api("PUT", `/v2/sources/${source.id}`, { token: ids.accessToken, body: { name: "Tills", type: "HTTP" } });
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(`${url}/sources/${source.id}/audit-logs`);
    const link = page.locator("a.tri").nth(1);
    await link.click();
    await page.waitForSelector(".more:has-text('HTTP')");
    await look(page, `own-tab-${width}`);
    const opened = new URL(page.url()).searchParams.get("open");
    assert.equal(await link.getAttribute("data-row"), `x-${opened}`);
    await page.reload();
    await page.waitForSelector(".more:has-text('HTTP')");
    await page.locator("a.tri").nth(1).click();
    await page.waitForSelector(".more", { state: "hidden" });
    assert.equal(new URL(page.url()).searchParams.get("open"), null);
  }
  await page.click("summary:has-text('Export')");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("button:has-text('as a table')")]);
  assert.match(download.suggestedFilename(), /\.csv$/);
});

browserTest("what was typed when a session ended is sent after signing in", { allow: [/401/, /403/] }, async ({ page }) => {
  const context = page.context();
  const url = await signIn(page);
  await page.goto(`${url}/sources/new`);
  await page.fill("#name", "Not lost");
  await page.selectOption("#type", "HTTP");
  await context.clearCookies({ name: "annals_session" });
  await page.click("button:has-text('Create')");
  await page.waitForSelector("h1:has-text('You have been signed out')");
  await look(page, "signed-out");
  const [tab] = await Promise.all([context.waitForEvent("page"), page.click("a:has-text('Sign in in another tab')")]);
  await tab.fill("#email", founder.email);
  await tab.fill("#password", founder.password);
  await tab.click("button:has-text('Sign in')");
  await tab.waitForURL(/\/sources/);
  await page.click("button:has-text('Send it again')");
  await page.waitForSelector("h1:has-text('Send this again?')");
  await look(page, "send-again");
  await page.click("button:has-text('Send it again')");
  await page.waitForSelector("h1:has-text('Not lost')");
});

browserTest("the button of the form for a token's events is beside its field", async ({ page }) => {
  const url = await signIn(page);
  for (const width of [390, 900, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(`${url}/settings/audit-logs`);
    if (!(await page.$eval("details.filters", (filters) => filters.open))) await page.click(".filters > summary");
    const [form, field, button] = await page.$$eval(".by-token, .by-token .in, .by-token .btn", (all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    assert.ok(button.left >= field.right && button.top < field.bottom && button.bottom > field.top, `beside it at ${width}`);
    assert.ok(button.width < field.width / 2 && form.top > (await page.locator("#to").boundingBox()).y + 30, `apart at ${width}`);
  }
});

browserTest("no page is pushed sideways by a long name", async ({ page }) => {
  const long = (what) => what.padEnd(110, "withoutaspace");
  const { url, api, ids, folder } = await annals({ init: { organization: long("Organization"), workspace: long("Workspace"), name: long("Ada") } });
  const made = (path, body) => api("POST", path, { token: ids.accessToken, body });
  const { source } = await made("/v2/sources", { name: long("Source"), type: "HTTP" });
  const { destination } = await made("/v2/destinations", { name: long("Destination"), type: "WEBHOOK", config: { webhookUrl: "https://example.com", webhookMethod: "POST" } });
  await made("/v2/connections", { sourceId: source.id, destinationId: destination.id, enabled: true });
  const code = { code: "export const one = 1;", language: "javascript" };
  const transformation = await made("/transformations?publish=true", { name: long("Transformation"), ...code, code: "export function transformEvent(event) { return event; }" });
  await made("/libraries?publish=true", { name: "Library".padEnd(100, "x"), ...code });
  await run(
    ["member", "add", "--data", `${folder}/data`, "--keys", `${folder}/annals.keys`, "--email", `${"x".repeat(60)}@${"example.".repeat(6)}com`, "--name", long("Vera"), "--role", "viewer", "--password-stdin"],
    { input: "a password that is long enough\n" },
  );
  await signIn(page, url);
  await page.goto(`${url}/settings/tokens`);
  await page.fill("#name", long("Token"));
  await page.click("button:has-text('Make a token')");
  await page.waitForSelector("#new-token");
  await page.goto(`${url}/settings/team`);
  await page.fill("#emails", `${"y".repeat(60)}@${"example.".repeat(6)}com`);
  await page.click("button:has-text('Invite')");
  await page.waitForSelector("#link-1");

  const [from, to] = [`/sources/${source.id}`, `/destinations/${destination.id}`];
  const things = ["/sources", from, `${from}/settings`, `${from}/audit-logs`, `${from}/delete`, "/destinations", to, `${to}/configuration`, `${to}/connections`, `${to}/transformation`, `${to}/audit-logs`];
  const paths = [...things, "/transformations", `/transformations/${transformation.id}`, "/libraries", "/accounts", "/workspaces", "/profile"];
  for (const tab of ["workspace", "team", "tokens", "types", "audit-logs"]) paths.push(`/settings/${tab}`);
  const wide = [];
  for (const path of paths) {
    await page.goto(url + path);
    for (const width of [360, 390, 870, 900, 1100, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) wide.push(`${path} is ${over} px too wide at ${width}`);
    }
  }
  assert.deepEqual(wide, []);
});
