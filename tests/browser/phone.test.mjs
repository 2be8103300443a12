// A phone as the second factor. The gateway is an HTTP server of the test's own, which keeps what it gets.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after } from "node:test";
import { annals, browserTest, founder, look } from "./harness.mjs";

const messages = [];
let awaited;
const gateway = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text) => (body += text));
  request.on("end", () => {
    const message = JSON.parse(body);
    const isRefused = message.to === "+15005550001";
    response.writeHead(isRefused ? 400 : 202).end();
    if (isRefused) return;
    messages.push(message);
    awaited?.();
  });
});
await new Promise((resolve) => gateway.listen(0, "127.0.0.1", resolve));
after(() => gateway.close());

const server = annals({
  init: true,
  env: { ANNALS_SMS_URL: `http://127.0.0.1:${gateway.address().port}/send`, ANNALS_SMS_HEADER: "Authorization: Bearer k3y" },
});

/** The code of the next message. */
async function code(to) {
  if (messages.length === 0) await new Promise((resolve) => (awaited = resolve));
  const message = messages.shift();
  assert.equal(message.to, to);
  return message.text.match(/^\d{6}/)[0];
}

async function password(page) {
  await page.goto(`${(await server).url}/sign-in`);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:text-is('Sign in')");
}

browserTest("a phone is added, asked for, changed and turned off", { allow: [/401/, /422/] }, async ({ page }) => {
  const { url } = await server;
  await password(page);
  await page.goto(`${url}/profile`);
  await page.click("text=Add a phone");
  await look(page, "phone");
  await page.fill("#number", "07400 123456");
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Send a code')");
  await page.waitForSelector("#number-error");
  await look(page, "phone-refused");

  await page.fill("#number", "+1 500 555 0001");
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Send a code')");
  await page.waitForURL(`${url}/profile/phone/confirm`);
  for (let tries = 0; tries < 50 && !(await page.$("text=could not be delivered")); tries++) await page.reload();
  await page.waitForSelector("text=could not be delivered");
  await look(page, "phone-confirm-failed");

  await page.click("text=Another number");
  await page.fill("#number", "+44 (0)7400 123456");
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Send a code')");
  await page.waitForURL(`${url}/profile/phone/confirm`);
  await look(page, "phone-confirm");
  await page.fill("#code", await code("+447400123456"));
  await page.click("button:has-text('Turn on')");
  await page.click("text=I keep these codes");
  await page.waitForSelector("text=SMS phone: +44 ••••••••56");
  await look(page, "profile-with-phone");
  await page.click("[aria-label='Sign out']");

  await password(page);
  await page.waitForSelector("h1:has-text('One more step')");
  await page.click("button:has-text('Send a code to +44')");
  await page.waitForSelector("button:has-text('Send another code')");
  await look(page, "sign-in-step-phone");
  const right = await code("+447400123456");
  await page.fill("#code", right === "000000" ? "000001" : "000000");
  await page.click("button:text-is('Sign in')");
  await page.waitForSelector("#code-error");
  await page.fill("#code", right);
  await page.click("button:text-is('Sign in')");
  await page.waitForURL(`${url}/sources`);

  await page.goto(`${url}/profile`);
  await page.click("text=Change the number");
  await look(page, "phone-change");
  await page.fill("#number", "+1 202 555 0143");
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Send a code')");
  await page.fill("#code", await code("+12025550143"));
  await page.click("button:has-text('Change the number')");
  await page.waitForSelector("text=SMS phone: +1 ••••••••43");

  await page.fill("#proof-1", founder.password);
  await page.click("[aria-label='Turn off: SMS phone: +1 ••••••••43']");
  await page.waitForSelector(".badge:has-text('Off')");
  await page.goto(`${url}/settings/audit-logs?action=user.updated_phone_number`);
  await page.waitForSelector(".log >> text=Updated Phonenumber");
  const log = await page.textContent("main");
  assert.ok(!log.includes("7400") && !log.includes("2025550143"), "no number is shown");
});
