// Types: said by hand on a page, and a form that was imported with one.

import assert from "node:assert/strict";
import { annals, browserTest, founder, look } from "./harness.mjs";

const server = annals({ init: true });

async function signIn(page) {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Sign in')");
  await page.waitForSelector("h1:has-text('Sources')");
}

browserTest("an administrator defines a type by hand", { allow: [/422/] }, async ({ page }) => {
  const { url } = await server;
  await signIn(page);
  await page.goto(`${url}/settings/types`);
  await look(page, "types");
  await page.click("text=Define a type");
  await page.fill("#name", "KETTLE");
  await page.fill("#display_name", "Kettle");
  await page.fill("#secret_keys", "token\nspouts.to");
  await page.check("[name='secret'][value='listed']");
  await page.fill("#schema", "{");
  await look(page, "type-new");
  await page.click("button:has-text('Save')");
  await page.waitForSelector("#schema-error");
  assert.equal(await page.inputValue("#secret_keys"), "token\nspouts.to");
  await look(page, "type-wrong");
  await page.fill("#schema", '{"type":"object"}');
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note--ok");
  assert.match(await page.textContent(".note--ok"), /Recorded as Imported, entry \d+/);
  assert.match(await page.textContent("main"), /Kettle/);
  await page.click("a.main:has-text('Kettle')");
  await page.waitForSelector("h2:has-text('Let go')");
  await look(page, "type");
});

browserTest("the form of an imported type never shows its secrets", async ({ page }) => {
  const { url, api, ids } = await server;
  const body = {
    name: "TOASTER",
    displayName: "Toaster",
    config: { secretKeys: ["key", "slots.to"] },
    uiConfig: [{ title: "Connection", fields: [
      { type: "textInput", label: "Key", value: "key", required: true, secret: true },
      { type: "textInput", label: "Address", value: "address", placeholder: "e.g. https://toaster.example" },
      { type: "checkbox", label: "Rings a bell", value: "bell" },
      { type: "singleSelect", label: "Colour", value: "colour", options: [{ name: "Red", value: "red" }, { name: "Blue", value: "blue" }] },
      { type: "dynamicForm", label: "Slots", value: "slots" },
    ] }],
  };
  await api("POST", "/destination-definitions", { token: ids.accessToken, body });
  await signIn(page);
  await page.goto(`${url}/destinations/new?type=TOASTER`);
  await page.fill("#name", "Kitchen");
  await page.fill("[name='config.key']", "hidden-key");
  await page.fill("[name='config.address']", "https://toaster.example");
  await page.check("[name='config.bell']");
  await page.selectOption("[name='config.colour']", "blue");
  await page.fill("[name='config.slots']", '[{"from":"left","to":"hidden-slot"}]');
  await look(page, "imported-form");
  await page.click("button:has-text('Create')");
  await page.waitForSelector(".note--ok");
  await page.click(".tabs a:has-text('Configuration')");
  const html = await page.content();
  assert.ok(!html.includes("hidden-key") && !html.includes("hidden-slot"));
  assert.match(await page.inputValue("[name='config.slots']"), /left/);
  await look(page, "imported-form-filled");
  await page.fill("[name='config.address']", "https://other.example");
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note--ok");
  const { destinations } = await api("GET", "/v2/destinations", { token: ids.accessToken });
  const one = await api("GET", `/v2/destinations/${destinations[0].id}`, { token: ids.accessToken });
  assert.equal(one.destination.config.key, "hidden-key");
  assert.deepEqual(one.destination.config.slots, [{ from: "left", to: "hidden-slot" }]);
});

const oven = {
  name: "OVEN",
  displayName: "Oven",
  config: {
    secretKeys: ["password", "privateKey"],
    supportedConnectionModes: { web: ["cloud", "device"], ios: ["cloud"] },
    destConfig: { defaultConfig: ["account"], web: ["useNativeSDK", "connectionMode"], ios: ["connectionMode"] },
  },
  configSchema: { type: "object", properties: { degrees: { type: "string", pattern: "^[0-9]+$" }, useNativeSDK: { type: "object", properties: { web: { type: "boolean" } } } } },
  uiConfig: { baseTemplate: [{ title: "Setup", sections: [{ groups: [
    { title: "Credentials", fields: [
      { type: "textInput", label: "Account", configKey: "account", required: true, regex: "^[a-z]+$", regexErrorMessage: "Invalid account" },
      { type: "checkbox", label: "Key pair", configKey: "keyPair", default: false },
      { type: "textInput", label: "Password", configKey: "password", required: true, secret: true, preRequisites: { fields: [{ configKey: "keyPair", value: false }] } },
      { type: "textareaInput", label: "Private key", configKey: "privateKey", required: true, secret: true, preRequisites: { fields: [{ configKey: "keyPair", value: true }] } },
    ] },
    { title: "Heat", fields: [
      { type: "singleSelect", label: "Fuel", configKey: "fuel", default: "gas", options: [{ label: "Gas", value: "gas" }, { label: "Wood", value: "wood" }] },
      { type: "textInput", label: "Valve", configKey: "supply", preRequisites: { fields: [{ configKey: "fuel", value: "gas" }] } },
      { type: "textInput", label: "Shed", configKey: "supply", preRequisites: { fields: [{ configKey: "fuel", value: "wood" }] } },
      { type: "textInput", label: "Degrees", configKey: "degrees" },
    ] },
  ] }] }], sdkTemplate: { title: "SDK", fields: [{ type: "checkbox", label: "Device mode", configKey: "useNativeSDK" }] } },
};

async function defineOven() {
  const { api, ids } = await server;
  await api("POST", "/destination-definitions", { token: ids.accessToken, body: oven });
}

browserTest("a form shows the fields whose conditions are met, and keeps what is hidden", async ({ page }) => {
  const { url, api, ids } = await server;
  await defineOven();
  await signIn(page);
  await page.goto(`${url}/destinations/new?type=OVEN`);
  const visible = (name) => page.isVisible(`[name='config.${name}']`);
  const shown = async () => [await visible("password"), await visible("privateKey"), await visible("supply"), await visible("supply~2")];
  assert.deepEqual(await shown(), [true, false, true, false]);
  assert.equal(await page.inputValue("[name='config.fuel']"), "gas");
  await page.fill("#name", "Stone oven");
  await page.fill("[name='config.account']", "NOT THIS");
  await page.fill("[name='config.password']", "hidden-password");
  await page.fill("[name='config.supply']", "left");
  await page.selectOption("[name='config.connectionMode.web']", "device");
  await page.check("[name='config.useNativeSDK.web']");
  await look(page, "platforms-new");
  // The browser itself says what does not have the form that is asked for.
  assert.equal(await page.$eval("[name='config.account']", (input) => input.validity.patternMismatch), true);
  await page.fill("[name='config.account']", "baker");
  await page.click("button:has-text('Create')");
  await page.waitForSelector(".note--ok");
  const id = page.url().split("/").pop();
  const config = async () => (await api("GET", `/v2/destinations/${id}`, { token: ids.accessToken })).destination.config;
  const first = { account: "baker", fuel: "gas", keyPair: false, password: "hidden-password", supply: "left", connectionMode: { web: "device" }, useNativeSDK: { web: true } };
  assert.deepEqual(await config(), first);

  await page.click(".tabs a:has-text('Configuration')");
  await page.check("[name='config.keyPair']");
  await page.selectOption("[name='config.fuel']", "wood");
  assert.deepEqual(await shown(), [false, true, false, true]);
  assert.equal(await page.inputValue("[name='config.supply~2']"), "left");
  await page.fill("[name='config.privateKey']", "hidden-key");
  await page.fill("[name='config.supply~2']", "behind the house");
  await look(page, "platforms");
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note--ok");
  assert.deepEqual(await config(), { ...first, keyPair: true, fuel: "wood", privateKey: "hidden-key", supply: "behind the house" });
});

browserTest("settings that do not fit are told on the page that one lands on, and on the event", async ({ page }) => {
  const { url } = await server;
  await defineOven();
  await signIn(page);
  await page.goto(`${url}/destinations/new?type=OVEN`);
  await page.fill("#name", "Hot oven");
  await page.fill("[name='config.account']", "baker");
  await page.fill("[name='config.password']", "hidden-password");
  await page.fill("[name='config.degrees']", "hot");
  await page.click("button:has-text('Create')");
  await page.waitForSelector(".note--ok");
  const told = /config\.degrees does not have the form that is asked for: \^\[0-9\]\+\$/;
  assert.match(await page.textContent(".note--warn"), told);
  await look(page, "warned");
  await page.click(".note--ok a");
  await page.waitForSelector("h2:has-text('Changes')");
  assert.match(await page.textContent(".note--warn"), told);
  await look(page, "warned-event");
});

browserTest("a source of an imported type is asked for its settings", async ({ page }) => {
  const { url, api, ids } = await server;
  const body = {
    name: "Tap",
    displayName: "Water tap",
    config: { secretKeys: ["key"] },
    uiConfig: [{ title: "Connection", fields: [
      { type: "textInput", label: "Key", value: "key", required: true, secret: true },
      { type: "textInput", label: "Address", value: "address" },
    ] }],
  };
  await api("POST", "/source-definitions", { token: ids.accessToken, body });
  await signIn(page);
  await page.goto(`${url}/sources/new`);
  await page.selectOption("[name='type']", "Tap");
  await page.fill("#name", "Kitchen tap");
  await page.click("button:has-text('Create')");
  await page.waitForSelector("[name='config.key']");
  assert.equal(await page.inputValue("#name"), "Kitchen tap");
  await look(page, "source-new-settings");
  await page.fill("[name='config.key']", "hidden-key");
  await page.click("button:has-text('Create')");
  await page.waitForSelector(".note--ok");
  await page.click(".tabs a:has-text('Settings')");
  assert.ok(!(await page.content()).includes("hidden-key"));
  await page.fill("[name='config.address']", "https://tap.example");
  await look(page, "source-settings");
  await page.click("button:has-text('Save')");
  await page.waitForSelector(".note--ok");
  const { sources } = await api("GET", "/v2/sources", { token: ids.accessToken });
  const tap = sources.find((one) => one.name === "Kitchen tap");
  const { source } = await api("GET", `/v2/sources/${tap.id}`, { token: ids.accessToken });
  assert.deepEqual(source.config, { address: "https://tap.example", key: "hidden-key" });
});
