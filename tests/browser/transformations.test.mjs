// Code as people write it in a browser: with a transformer, which is the tests' own peer, and without.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { after } from "node:test";
import { annals, browserTest, founder, look } from "./harness.mjs";

const peer = (async () => {
  const file = fileURLToPath(new URL("../transformer/peer.mjs", import.meta.url));
  const child = spawn(process.execPath, ["--no-warnings", "--experimental-vm-modules", file], { stdio: ["ignore", "pipe", "inherit"] });
  after(() => child.kill());
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("listening on ")) return line.slice("listening on ".length);
  }
  throw new Error("the peer does not say where it listens");
})();

const server = (async () => {
  const url = await peer;
  const started = await annals({ init: true, args: ["--transformer-url", url] });
  await fetch(`${url}/peer`, { method: "POST", body: JSON.stringify({ backend: started.url }) });
  return started;
})();

async function signIn(page) {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Sign in')");
  return url;
}

browserTest("code is written, tested by the transformer, and published", { allow: [/409 \(Conflict\)/] }, async ({ page }) => {
  const url = await signIn(page);
  await page.goto(`${url}/libraries/new`);
  await page.fill("#name", "Utils Library");
  await page.fill("#code", "export function shout(text) {\n  return text.toUpperCase();\n}\n");
  await page.click("button:has-text('Save and publish')");
  await page.waitForSelector("h1:has-text('Utils Library')");

  await page.goto(`${url}/transformations/new`);
  await page.fill("#name", "Loud");
  const code = "import { shout } from \"utilsLibrary\";\n\nexport function transformEvent(event) {\n  return { ...event, event: shout(event.event) };\n}\n";
  await page.fill("#code", code);
  await page.fill("#events", '[{"event":"a"},{"type":"page"}]');
  await page.click("button:has-text('Run tests')");
  await page.waitForSelector("h2:has-text('Tests')");
  assert.match(await page.textContent("main"), /TypeError/);
  assert.equal(await page.inputValue("#code"), code, "what was typed is kept");
  assert.match(await page.textContent("#events-hint"), /A list of events, or one event\./);
  await look(page, "code-tests");
  await page.click("button:has-text('Save and publish')");
  await page.waitForSelector("text=Not created.");

  await page.fill("#events", '[{"event":"a"}]');
  await page.click("button:has-text('Run tests')");
  await page.waitForSelector("text=Passed");
  assert.match(await page.textContent("main"), /"event": "A"/);
  await page.click("button:has-text('Save and publish')");
  await page.waitForSelector("h1:has-text('Loud')");
  await look(page, "transformation");
});

browserTest("a version of code is compared with the one before", async ({ page }) => {
  const { api, ids } = await server;
  const code = "export function transformEvent(event) {\n  return event;\n}\n";
  const made = await api("POST", "/transformations?publish=true", { token: ids.accessToken, body: { name: "Quiet", language: "javascript", code } });
  const url = await signIn(page);
  await page.goto(`${url}/transformations/${made.id}`);
  await page.click("text=Edit code");
  await page.fill("#code", code.replace("return", "// quieter\n  return"));
  await page.click("button:has-text('Save draft')");
  await page.waitForSelector("h1:has-text('Quiet')");
  await page.click("nav.tabs a:has-text('Versions')");
  await look(page, "versions");
  await page.click("a:has-text('Version 2')");
  await page.waitForSelector("tr.add:has-text('// quieter')");
  await look(page, "version");
});

browserTest("a library that is in use says where, and is not deleted", async ({ page }) => {
  const { api, ids } = await server;
  const make = (noun, body) => api("POST", `/${noun}?publish=true`, { token: ids.accessToken, body: { language: "javascript", ...body } });
  await make("libraries", { name: "Prices", code: "export const twice = (price) => 2 * price;\n" });
  const code = 'import { twice } from "prices";\nexport function transformEvent(event) {\n  return { ...event, price: twice(1) };\n}\n';
  await make("transformations", { name: "Dear", code });
  const url = await signIn(page);
  await page.goto(`${url}/libraries`);
  await page.click("a:has-text('Prices')");
  await look(page, "library");
  await page.click("text=Delete…");
  await page.waitForSelector("text=It is in use");
  await look(page, "library-delete");
});
