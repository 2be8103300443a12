// Reverse ETL: its sources, and the pages of its connections.

import assert from "node:assert/strict";
import { annals, browserTest, founder, look } from "./harness.mjs";

const server = annals({ init: true });

async function signIn(page) {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Sign in')");
  await page.waitForURL(`${url}/sources`);
}

/** A source of reverse ETL that is connected to a destination. */
async function made(name) {
  const { api, ids } = await server;
  const post = (path, body) => api("POST", path, { token: ids.accessToken, body });
  const account = await post("/v2/accounts", { name: "Warehouse", accountDefinitionName: "SOURCE_BIGQUERY" });
  const source = await post("/v2/retl-sources", { name, sourceType: "model", sourceDefinitionName: "bigquery", accountId: account.id, config: { primaryKey: "id", sql: "select id, mail from customers" } });
  const { destination } = await post("/v2/destinations", { name: "Audiences", type: "WEBHOOK", config: { webhookUrl: "https://example.com" } });
  const connection = await post("/v2/retl-connections", {
    sourceId: source.id, destinationId: destination.id, schedule: { type: "basic", everyMinutes: 45 }, syncBehaviour: "upsert",
    identifiers: [{ from: "id", to: "user_id" }], mappings: [{ from: "mail", to: "email" }], constants: [{ key: "origin", value: "warehouse" }],
    event: { type: "track", name: "Customer seen" }, syncSettings: { syncLogsConfig: { enabled: true } }, destinationConfig: { headers: "needle", batch: 7 },
  });
  return { source: source.id, destination: destination.id, connection: connection.id };
}

browserTest("a connection of reverse ETL is looked at, changed and deleted", { allow: [/422/] }, async ({ page }) => {
  const { url } = await server;
  await signIn(page);
  const { source, destination } = await made("Customers");
  await page.goto(`${url}/sources/${source}`);
  await look(page, "retl-source");
  await page.click("a:has-text('Every 45 minutes')");
  await page.waitForSelector("h1:has-text('Customers to Audiences')");
  const connection = page.url();
  await look(page, "retl-connection");

  await page.click(".tabs a:has-text('Settings')");
  await look(page, "retl-connection-settings");
  await page.fill('[name="schedule.everyMinutes"]', "60");
  await page.selectOption('[name="schedule.type"]', "cron");
  assert.equal(await page.isVisible('[name="schedule.everyMinutes"]'), false, "it is not asked for");
  await page.fill('[name="schedule.cronExpression"]', "soon");
  await page.fill("#settings", "{");
  await page.click("button:has-text('Save')");
  await page.waitForSelector("#settings-error");
  assert.equal(await page.inputValue('[name="schedule.cronExpression"]'), "soon");
  assert.equal(await page.isVisible('[id="schedule.cronExpression-error"]'), true);
  await look(page, "retl-connection-wrong");
  await page.fill('[name="schedule.cronExpression"]', "30 13 * * *");
  await page.fill("#settings", '{"mappings": []}');
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note--ok:has-text('Updated Connection, entry')");
  assert.match(await page.textContent("main"), /Cron 30 13 \* \* \*/);

  await page.click(".tabs a:has-text('Audit Logs')");
  await page.waitForSelector(".ev");
  assert.equal(await page.locator(".ev").count(), 2);
  await look(page, "retl-connection-audit-logs");
  await page.goto(`${url}/destinations/${destination}/connections`);
  await look(page, "retl-destination-connections");
  await page.click("a:has-text('Disconnect')");
  await page.waitForURL(`${connection}/delete`);
  await look(page, "retl-connection-delete");
  await page.fill("#confirm", "Customers to Audiences");
  await page.click("button:has-text('Delete')");
  await page.waitForSelector(".note--ok:has-text('Disconnect Source, entry')");
  await page.goto(`${connection}/audit-logs`);
  await look(page, "retl-connection-deleted");
});

browserTest("what another changed of a connection meanwhile is shown before it is saved over", { allow: [/409/] }, async ({ page, context }) => {
  const { url } = await server;
  await signIn(page);
  const { connection } = await made("Orders");
  const other = await context.newPage();
  for (const one of [page, other]) await one.goto(`${url}/connections/${connection}/settings`);
  await other.selectOption('[name="schedule.type"]', "manual");
  await other.click("button:has-text('Save')");
  await other.waitForSelector(".note--ok");
  await page.fill('[name="schedule.everyMinutes"]', "60");
  await page.click("button:has-text('Save')");
  await page.waitForSelector("#differs");
  await look(page, "retl-connection-meanwhile");
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note--ok");
  assert.match(await page.textContent("main"), /Every 60 minutes/);
});

browserTest("a source of reverse ETL is renamed", { allow: [/422/] }, async ({ page }) => {
  const { url } = await server;
  await signIn(page);
  const { source } = await made("Shops");
  await page.goto(`${url}/sources/${source}/settings`);
  await look(page, "retl-source-settings");
  await page.fill("#name", "Branches");
  await page.fill("#config", "{}");
  await page.click("button:has-text('Save')");
  await page.waitForSelector("#config-error");
  await look(page, "retl-source-wrong");
  await page.fill("#config", '{"sql": "select 2"}');
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note--ok:has-text('Updated Name, entry')");
  await page.click(".tabs a:has-text('Settings')");
  await page.click("text=Delete…");
  await page.waitForSelector("dialog[open]");
});

browserTest("a connection of reverse ETL is changed and deleted without a script", { javaScriptEnabled: false }, async ({ page }) => {
  const { url } = await server;
  await signIn(page);
  const { connection } = await made("Visits");
  await page.goto(`${url}/connections/${connection}`);
  await page.click("button:has-text('Disable')");
  await page.waitForSelector(".note--ok:has-text('Disabled')");
  await page.click(".tabs a:has-text('Settings')");
  await page.selectOption('[name="schedule.type"]', "manual");
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note--ok:has-text('Saved')");
  assert.match(await page.textContent("main"), /By hand/);
  await page.click(".tabs a:has-text('Settings')");
  await page.click("text=Delete…");
  await page.fill("#confirm", "Visits to Audiences");
  await page.click("button:has-text('Delete')");
  await page.waitForSelector(".note--ok:has-text('Disconnected')");
});
