// The dashboard, from the printed link to the audit log that tells what was done.

import assert from "node:assert/strict";
import { annals, axe, browserTest, founder, run, screenshot } from "./harness.mjs";

const server = annals({ init: true });

async function signIn(page, { email = founder.email, password = founder.password } = {}) {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.click("button:has-text('Sign in')");
  await page.waitForURL(`${url}/sources`);
}

/** Adds a member from the command line, as the founder of an instance does. */
async function addMember(name, email, role) {
  const { folder } = await server;
  await run(
    ["member", "add", "--data", `${folder}/data`, "--keys", `${folder}/annals.keys`, "--email", email, "--name", name, "--role", role, "--password-stdin"],
    { input: "a password that is long enough\n" },
  );
}

/** Fails when a page can be pushed sideways. */
async function fits(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${page.url()} is ${over} px too wide at ${page.viewportSize().width}`);
}

/** Looks at a page as it is: accessible, and no wider than the window. */
async function look(page, name) {
  await axe(page);
  await fits(page);
  await screenshot(page, name);
}

/** The rows of the audit page, each as [user, action, target, type]. */
function rows(page) {
  return page.$$eval(".log .ev", (all) =>
    all.map((row) => [".c-user b", ".c-action a", ".c-target b", ".c-type"].map((cell) => row.querySelector(cell)?.textContent.trim())),
  );
}

browserTest("a server is set up by the printed link, once", { allow: [/409/] }, async ({ page }) => {
  const fresh = await annals();
  await page.goto(fresh.setUpUrl);
  assert.equal(page.url(), `${fresh.url}/setup`, "the secret does not stay in the address");
  await look(page, "set-up");
  for (const [id, value] of Object.entries({ organization: "Fernhill Market", workspace: "Production", name: "Ines Okafor-Lund", email: "ines@fernhill.example", password: "a long walk by the sea" })) await page.fill(`#${id}`, value);
  await page.click("button:has-text('Set up')");
  await page.waitForSelector("h1:has-text('Fernhill Market is ready')");
  await look(page, "set-up-done");
  const token = await page.textContent("#personal-token");
  assert.match(token, /^annals_pat_/);
  const service = await page.textContent("#service-token");
  const { data } = await fresh.api("GET", "/v2/audit-logs", { token: service });
  assert.deepEqual(
    data.map((event) => `${event.targetType}.${event.action}`),
    ["organization.created", "workspace.created", "user.added_to_organization", "access_token.created", "access_token.created", "user.signed_in", "audit_log.viewed"],
  );
  await page.click("text=Go to Sources");
  await page.waitForSelector("h1:has-text('Sources')");
  await look(page, "sources-empty");
  await page.goto(fresh.setUpUrl);
  await page.waitForSelector("h1:has-text('set up already')");
  await look(page, "set-up-already");
});

browserTest("without a set-up the start says how to get the link", { allow: [/503/] }, async ({ page }) => {
  const fresh = await annals();
  await page.goto(fresh.url);
  await page.waitForSelector("h1:has-text('not set up yet')");
  assert.match(await page.textContent("main"), /annals serve/);
  await look(page, "not-set-up");
});

browserTest("a wrong password says the same as an unknown address", { allow: [/401/] }, async ({ page }) => {
  const { url } = await server;
  await page.goto(`${url}/sign-in?next=/settings/team`);
  await look(page, "sign-in");
  const said = [];
  for (const email of [founder.email, "nobody@example.com"]) {
    await page.fill("#email", email);
    await page.fill("#password", "wrong, and long enough");
    await page.click("button:has-text('Sign in')");
    said.push(await page.textContent("[role=alert]"));
  }
  assert.deepEqual(said, Array(2).fill("The e-mail or the password is wrong."));
  await look(page, "sign-in-wrong");
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Sign in')");
  await page.waitForURL(`${url}/settings/team`);
  await look(page, "team");
});

/** The pages of what the next test made, for the one after it. */
let done;

browserTest("what is done in the browser is what the audit log shows", async ({ page }) => {
  const { url, api, ids } = await server;
  const token = ids.accessToken;
  await signIn(page);
  await look(page, "sources-none");

  await page.click("text=New source");
  await look(page, "source-new");
  await page.selectOption("#type", "Javascript");
  await page.fill("#name", "Web shop");
  await page.click("button:has-text('Create')");
  await page.waitForSelector(".note--ok");
  assert.match(await page.textContent(".note--ok"), /Created\.\s*Recorded as Created, entry \d+/);
  const source = page.url();
  await look(page, "source");

  await page.click(".tabs a:has-text('Settings')");
  await look(page, "source-settings");
  await page.fill("#name", "Shop");
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note--ok");
  assert.match(await page.textContent(".note--ok"), /Recorded as Updated Name, entry/);
  await page.goto(`${source}/settings`);
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note:has-text('Nothing changed')");
  await page.click("button:has-text('Disable')");
  await page.waitForSelector(".note--ok:has-text('Disabled')");
  await page.reload();
  assert.equal(await page.locator(".note--ok").count(), 0, "what just happened is said once");

  await page.goto(`${url}/destinations/new`);
  await look(page, "destination-new-type");
  await page.selectOption("#type", "SNOWFLAKE");
  await page.click("button:has-text('Continue')");
  await look(page, "destination-new");
  await page.fill("#name", "Warehouse");
  for (const [key, value] of Object.entries({ account: "ab1", database: "EVENTS", warehouse: "WH", user: "loader", password: "s3cret-of-snowflake" })) await page.fill(`[name="config.${key}"]`, value);
  await page.fill("#json", '{"prefix": "raw"}');
  await page.click("button:has-text('Create destination')");
  await page.waitForSelector(".note--ok");
  const destination = page.url();
  await look(page, "destination");
  await page.click(".tabs a:has-text('Configuration')");
  assert.equal((await page.content()).includes("s3cret-of-snowflake"), false, "a secret is never on a page");
  await look(page, "destination-configuration");
  await page.fill('[name="config.role"]', "TRANSFORMER");
  await page.fill('[name="config.password"]', "another s3cret");
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note--ok:has-text('Updated, entry')");

  await page.click(".tabs a:has-text('Connections')");
  await page.selectOption("#source_id", { label: "Shop · JavaScript" });
  await page.click("button.btn--primary:has-text('Connect')");
  await page.waitForSelector(".note--ok:has-text('Connect Source')");
  await look(page, "destination-connections");

  const made = await api("POST", "/transformations?publish=true", { token, body: { name: "Mask e-mail", code: "export function transformEvent(event) { return event; }", language: "javascript" } });
  await page.click(".tabs a:has-text('Transformation')");
  await page.selectOption("#transformation_id", { label: "Mask e-mail · JavaScript" });
  await page.click("form button:has-text('Add')");
  await page.waitForSelector(".note--ok:has-text('Added Transformation')");
  await look(page, "destination-transformation");

  await api("POST", "/libraries?publish=true", { token, body: { name: "Geo", code: "export const a = 1;", language: "javascript" } });
  for (const [path, name] of [["/transformations", "transformations"], [`/transformations/${made.id}`, "transformation"], [`/transformations/${made.id}/versions`, "transformation-versions"], [`/transformations/${made.id}/audit-logs`, "transformation-audit-logs"], ["/libraries", "libraries"], ["/destinations", "destinations"], ["/settings/workspace", "workspace"]]) {
    await page.goto(url + path);
    await look(page, name);
  }
  await page.goto(`${url}/libraries`);
  await page.click("a.main:has-text('Geo')");
  await look(page, "library");

  await page.goto(`${source}/delete`);
  await look(page, "source-delete");
  await page.goto(`${source}/settings`);
  await page.click("text=Delete…");
  await page.waitForSelector("dialog[open]");
  await page.fill("#delete-confirm", "Shop");
  await page.click("dialog button:has-text('Delete')");
  await page.waitForURL(`${url}/sources`);
  assert.match(await page.textContent(".note--ok"), /Disconnect Source, entry \d+\s*and\s*Deleted, entry/);

  await page.goto(`${url}/settings/audit-logs`);
  const ada = founder.name;
  const got = (await rows(page)).reverse();
  const from = got.findIndex(([, action, target]) => action === "Created" && target === "Web shop");
  assert.deepEqual(got.slice(from).filter(([, , , type]) => ["Source", "Destination", "Transformation", "Library"].includes(type)), [
    [ada, "Created", "Web shop", "Source"],
    [ada, "Updated Name", "Shop", "Source"],
    [ada, "Updated", "Shop", "Source"],
    [ada, "Created", "Warehouse", "Destination"],
    [ada, "Updated", "Warehouse", "Destination"],
    [ada, "Connect Source", "Warehouse", "Destination"],
    [ada, "Created", "Mask e-mail", "Transformation"],
    [ada, "Published", "Mask e-mail", "Transformation"],
    [ada, "Added Transformation", "Warehouse", "Destination"],
    [ada, "Created", "Geo", "Library"],
    [ada, "Published", "Geo", "Library"],
    [ada, "Disconnect Source", "Warehouse", "Destination"],
    [ada, "Deleted", "Shop", "Source"],
  ]);
  await look(page, "audit-logs");

  const renamed = page.locator(".ev", { hasText: "Updated Name" }).first();
  assert.match(await renamed.textContent(), /name Web shop → Shop/);
  await renamed.locator("a.tri").click();
  await page.waitForSelector(".more .diff");
  assert.match(await page.textContent(".more"), /Web shop[\s\S]*Shop[\s\S]*Dashboard/);
  await look(page, "audit-logs-open");
  const changed = page.locator(".ev", { hasText: "2 fields" });
  assert.match(await changed.textContent(), /password changed/);

  await page.click(".tabs a:has-text('Destination')");
  assert.ok((await rows(page)).every(([, , , type]) => type === "Destination"));
  await page.selectOption("#action", "destination.connected_source");
  await page.click("button:has-text('Apply')");
  assert.deepEqual(await rows(page), [[ada, "Connect Source", "Warehouse", "Destination"]]);
  await look(page, "audit-logs-filtered");
  await page.click(".log .ev .act a");
  await look(page, "event");
  assert.match(await page.textContent("#event-json"), /"action": "connected_source"/);

  done = { source, destination };
});

browserTest("what was deleted keeps its history, and what is wrong is said", { allow: [/404/, /422/] }, async ({ page }) => {
  const { url } = await server;
  const { source, destination } = done;
  await signIn(page);
  await page.goto(`${url}/settings/audit-logs?actor=nobody@example.com`);
  await page.waitForSelector(".note--warn:has-text('Nobody here has the e-mail')");
  await page.goto(`${destination}/audit-logs`);
  await look(page, "destination-audit-logs");
  await page.goto(`${source}/audit-logs`);
  await page.waitForSelector("h1:has-text('Shop') + .badge:has-text('Deleted')");
  await look(page, "source-deleted-audit-logs");
  await page.goto(`${url}/no-such-page`);
  await page.waitForSelector("h1:has-text('Nothing is here')");
  await look(page, "nothing-here");

  await page.goto(`${destination}/configuration`);
  await page.fill("#json", "{");
  await page.click("button:has-text('Save')");
  await page.waitForSelector("#json-error");
  await look(page, "destination-configuration-wrong");
  await page.click("button[aria-label='Sign out']");
  await page.waitForURL(`${url}/sign-in`);
  await page.goto(`${url}/sources`);
  assert.match(page.url(), /\/sign-in\?next=%2Fsources$/);
});

browserTest("times are in the viewer's zone, and in UTC on demand", { timezoneId: "Asia/Kolkata" }, async ({ page }) => {
  const { url } = await server;
  await signIn(page);
  await page.goto(`${url}/settings/audit-logs`);
  const clock = async () => page.$eval(".ev time", (time) => [time.textContent, new Date(time.dateTime).toISOString().slice(11, 19)]);
  await page.waitForSelector(".seg");
  const [local, utc] = await clock();
  assert.notEqual(local, utc);
  await page.click(".seg a:has-text('UTC')");
  const [shown, same] = await clock();
  assert.equal(shown, same);
});

browserTest("pages of the log are turned without a script, and rows open", { javaScriptEnabled: false }, async ({ page }) => {
  const { url, api, ids } = await server;
  for (let n = 0; n < 60; n += 1) await api("POST", "/v2/sources", { token: ids.accessToken, body: { name: `Source ${n}`, type: "HTTP" } });
  await page.goto(`${url}/sign-in`);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Sign in')");
  await page.goto(`${url}/settings/audit-logs?type=source`);
  const first = await rows(page);
  assert.equal(first.length, 50);
  assert.equal(first[0][2], "Source 59");
  await page.click("text=Older");
  const second = await rows(page);
  assert.equal(second[0][2], "Source 9");
  await page.click("text=Newer");
  assert.deepEqual(await rows(page), first);
  await page.click("a.tri >> nth=2");
  assert.match(await page.textContent(".more"), /Source 57[\s\S]*API/);
  await page.goto(`${url}/sources/new`);
  await page.selectOption("#type", "HTTP");
  await page.fill("#name", "Made without a script");
  await page.click("button:has-text('Create')");
  assert.match(await page.textContent(".note--ok"), /Recorded as Created/);
  await page.goto(`${page.url()}/delete`);
  await page.fill("#confirm", "Made without a script");
  await page.click("button:has-text('Delete')");
  assert.match(await page.textContent(".note--ok"), /Deleted\./);
});

browserTest("a viewer looks, changes nothing, and does not read the log", { allow: [/403/] }, async ({ page }) => {
  const { url, api, ids } = await server;
  await addMember("Vera Viewer", "vera@example.com", "viewer");
  await signIn(page, { email: "vera@example.com", password: "a password that is long enough" });
  assert.equal(await page.locator("text=New source").count(), 0);
  await look(page, "viewer-sources");
  await page.click("a.main >> nth=0");
  assert.equal(await page.locator(".tabs a:has-text('Audit Logs')").count(), 0);
  await look(page, "viewer-source");
  await page.click(".tabs a:has-text('Settings')");
  assert.equal(await page.locator("main input, main button").count(), 0);
  await look(page, "viewer-source-settings");
  await page.goto(`${url}/destinations`);
  await page.click("a.main >> nth=0");
  await page.click(".tabs a:has-text('Configuration')");
  await look(page, "viewer-destination-configuration");
  await page.goto(`${url}/settings/team`);
  assert.equal(await page.locator("a:has-text('Audit Logs')").count(), 0);
  await page.goto(`${url}/settings/audit-logs`);
  await page.waitForSelector("h1:has-text('You may not do this')");
  await look(page, "viewer-audit-logs");
  const { data } = await api("GET", "/v2/audit-logs?outcome=denied&order=desc", { token: ids.serviceToken });
  assert.deepEqual([data[0].actorName, data[0].action, data[0].code], ["Vera Viewer", "viewed", "permission_denied"]);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 1440]) {
    browserTest(`the pages fit ${width} px in ${colorScheme}`, { colorScheme, viewport: { width, height: 900 } }, async ({ page }) => {
      const { url } = await server;
      await signIn(page);
      for (const path of ["/sources", "/destinations", "/settings/audit-logs", "/settings/team", "/settings/workspace", "/destinations/new?type=KAFKA"]) {
        await page.goto(url + path);
        await look(page, `${colorScheme}-${width}-${path.split("?")[0].slice(1).replaceAll("/", "-")}`);
      }
    });
  }
}
