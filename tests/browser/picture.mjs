// Renews the picture of the audit page in the README: node --test tests/browser/picture.mjs

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { annals, browserTest, run } from "./harness.mjs";

const picture = fileURLToPath(new URL("../../docs/pictures/audit-logs.png", import.meta.url));
const password = "a long walk by the sea";
const ines = { name: "Ines Okafor-Lund", email: "ines@fernhill.example", password, organization: "Fernhill Market", workspace: "Production" };

browserTest("the picture of the audit page", { viewport: { width: 1440, height: 960 }, colorScheme: "light", timezoneId: "Europe/Copenhagen" }, async ({ context, page }) => {
  const { url, ids, folder } = await annals({ init: ines });
  for (const [name, email, role] of [["Tomas Brightwater", "tomas@fernhill.example", "editor"], ["Wen Halloran", "wen@fernhill.example", "viewer"]]) {
    await run(["member", "add", "--data", `${folder}/data`, "--keys", `${folder}/annals.keys`, "--email", email, "--name", name, "--role", role, "--password-stdin"], { input: `${password}\n` });
  }
  const signIn = async (email) => {
    const one = await (await context.browser().newContext({ timezoneId: "Europe/Copenhagen" })).newPage();
    await one.goto(`${url}/sign-in`);
    await one.fill("#email", email);
    await one.fill("#password", password);
    await one.click("button:has-text('Sign in')");
    await one.waitForURL(`${url}/sources`);
    return one;
  };
  const [tomas, wen] = [await signIn("tomas@fernhill.example"), await signIn("wen@fernhill.example")];
  await page.goto(`${url}/sign-in`);
  await page.fill("#email", ines.email);
  await page.fill("#password", password);
  await page.click("button:has-text('Sign in')");
  const terraform = async (method, path, body) => {
    const answer = await fetch(url + path, { method, body: JSON.stringify(body), headers: { authorization: `Bearer ${ids.accessToken}`, "content-type": "application/json", "user-agent": "terraform-provider-rudderstack/4.8.0" } });
    return answer.json();
  };
  const snowflake = { account: "fm12345.eu-central-1", database: "EVENTS", warehouse: "LOADER", user: "events", password: "invented", role: "TRANSFORMER", syncFrequency: "180" };
  const { destination } = await terraform("POST", "/v2/destinations", { name: "Warehouse", type: "SNOWFLAKE", config: snowflake });
  const { source } = await terraform("POST", "/v2/sources", { name: "Web shop", type: "Javascript" });
  await terraform("POST", "/v2/connections", { sourceId: source.id, destinationId: destination.id });
  await terraform("POST", "/transformations?publish=true", { name: "Mask e-mail addresses", code: "export function transformEvent(event) { return event; }", language: "javascript" });

  await tomas.goto(`${url}/destinations/${destination.id}/transformation`);
  await tomas.selectOption("#transformation_id", { label: "Mask e-mail addresses · JavaScript" });
  await tomas.click("form button:has-text('Add')");
  await tomas.goto(`${url}/destinations/${destination.id}/configuration`);
  await tomas.selectOption('[name="config.syncFrequency"]', "30");
  await tomas.click("button:has-text('Save')");
  await tomas.goto(`${url}/destinations/${destination.id}/configuration`);
  await tomas.fill('[name="config.role"]', "TRANSFORMER_V2");
  await tomas.fill('[name="config.password"]', "invented again");
  await tomas.click("button:has-text('Save')");
  await tomas.goto(`${url}/sources/${source.id}/settings`);
  await tomas.fill("#name", "Shop (web)");
  await tomas.click("button:has-text('Save')");

  await wen.goto(`${url}/settings/audit-logs`);

  await page.goto(`${url}/sources/new`);
  await page.selectOption("#type", "ios");
  await page.fill("#name", "Pocket app");
  await page.click("button:has-text('Create')");
  await page.goto(`${url}/destinations/${destination.id}/connections`);
  await page.selectOption("#source_id", { label: "Pocket app · iOS" });
  await page.click("button.btn--primary:has-text('Connect')");
  await page.waitForSelector(".note--ok");

  await page.goto(`${url}/settings/audit-logs`);
  await page.goto(`${url}/settings/audit-logs`);
  const row = page.locator(".ev", { hasText: "2 fields" });
  await row.locator("a.tri").click();
  await page.waitForSelector(".more .diff");
  await page.mouse.move(0, 0);
  await mkdir(new URL(".", `file://${picture}`), { recursive: true });
  await page.screenshot({ path: picture, animations: "disabled" });
});
