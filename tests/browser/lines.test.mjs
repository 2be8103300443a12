// Texts of several lines: what is saved as it was drawn stays, whatever a browser does to the ends of lines.

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

const pem = (text) => `-----BEGIN CERTIFICATE-----\r\n${text}\n-----END CERTIFICATE-----\n`;

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : " without a script";
  browserTest(`settings and code of several lines are saved as they were${how}`, { javaScriptEnabled }, async ({ page }) => {
    const { url, api, ids } = await server;
    const made = (path, body) => api("POST", path, { token: ids.accessToken, body });
    const kept = (path) => api("GET", path, { token: ids.accessToken });
    await signIn(page);
    const kafka = { hostName: "kafka.example.com", port: "9092", topic: "one\ntwo", caCertificate: `\n${pem("MIIB")}` };
    const snowflake = { account: "a", database: "d", warehouse: "w", user: "u\rv", privateKey: pem("k3y") };
    for (const [type, config] of [["KAFKA", kafka], ["SNOWFLAKE", snowflake]]) {
      const { destination } = await made("/v2/destinations", { name: type, type, config });
      const before = await kept(`/v2/destinations/${destination.id}`);
      await page.goto(`${url}/destinations/${destination.id}/configuration`);
      if (javaScriptEnabled) await look(page, `lines-${type.toLowerCase()}`);
      await page.click("button:has-text('Save')");
      await page.waitForSelector(".note:has-text('Nothing changed, so nothing was recorded.')");
      assert.deepEqual(await kept(`/v2/destinations/${destination.id}`), before);
      if (type === "SNOWFLAKE") {
        await page.goto(`${url}/destinations/${destination.id}/configuration`);
        await page.fill("textarea[name='config.privateKey']", "-----BEGIN-----\nnew\n");
        await page.click("button:has-text('Save')");
        await page.waitForSelector(".note--ok:has-text('Recorded as')");
        const { destination: now } = await kept(`/v2/destinations/${destination.id}`);
        assert.equal(now.config.privateKey, "-----BEGIN-----\nnew\n");
      }
    }
    const code = { name: "Mask", description: "one\r\ntwo\n", language: "javascript", code: "\r\nexport function transformEvent(event) {\r\n  return event;\n}\r\n" };
    const { id } = await made("/transformations", code);
    const before = await kept(`/transformations/${id}`);
    await page.goto(`${url}/transformations/${id}/code`);
    if (javaScriptEnabled) await look(page, "lines-code");
    await page.click("button:has-text('Save draft')");
    await page.waitForSelector(".note:has-text('Nothing changed, so nothing was recorded.')");
    assert.deepEqual(await kept(`/transformations/${id}`), before);
  });
}
