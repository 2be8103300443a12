// A peer for the tests of what Annals asks of a transformer. It is no part of Annals, and no transformer for real events:
// it has the routes that a transformer has for tests, really runs JavaScript, each module in a context of its own, and asks
// its control plane for the code of libraries, once for each version, as a transformer does.
//
//     node --experimental-vm-modules tests/transformer/peer.mjs
//
// CONFIG_BACKEND_URL is the control plane, CONFIG_BACKEND_HOSTED_SECRET what it shows there. The first can be told later as
// well: POST /peer {"backend":"http://..."}. It prints where it listens.

import { createServer } from "node:http";
import vm from "node:vm";

let backend = process.env.CONFIG_BACKEND_URL ?? "";
const secret = process.env.CONFIG_BACKEND_HOSTED_SECRET;
/** How long code may run, in milliseconds. */
const LIMIT = 4000;
const libraries = new Map();

class Refused extends Error {}

function camelCase(name) {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word, at) => (at ? word[0].toUpperCase() : word[0].toLowerCase()) + word.slice(1)).join("");
}

async function library(versionId) {
  if (!libraries.has(versionId)) {
    const headers = secret ? { authorization: `Basic ${Buffer.from(`${secret}:`).toString("base64")}` } : {};
    const url = `${backend}/transformationLibrary/getByVersionId?versionId=${encodeURIComponent(versionId)}`;
    const answer = await fetch(url, { headers });
    if (answer.status !== 200) throw new Refused(`Config backend returned ${answer.status} while fetching Library :: ${versionId}`);
    const { name, code } = await answer.json();
    libraries.set(versionId, { name: camelCase(name), code });
  }
  return libraries.get(versionId);
}

/** The functions of a module, linked with the libraries that it imports. */
async function load(revision, versionIds) {
  if (revision.codeVersion !== "1") throw new SyntaxError("Cannot use import statement outside a module");
  if (revision.language !== "javascript") throw new Refused(`Unsupported language ${revision.language}`);
  const logs = [];
  const context = vm.createContext({ log: (...words) => logs.push(`Log: ${words.map(String).join(" ")}`) });
  const shelf = await Promise.all(versionIds.map(library));
  const main = new vm.SourceTextModule(revision.code, { context, identifier: "transformation" });
  await main.link((name) => {
    const found = shelf.find((one) => one.name === name);
    if (!found) throw new Refused(`Import from ${name} failed. Module not found.`);
    return new vm.SourceTextModule(found.code, { context, identifier: name });
  });
  await main.evaluate({ timeout: LIMIT });
  return { functions: main.namespace, context, logs };
}

async function within(work) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("Timed out")), LIMIT)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function run(revision, input, versionIds) {
  if (!revision?.code || !revision.codeVersion) throw new Refused("Invalid Request. Missing parameters in transformation code block");
  if (!input?.length) throw new Refused("Invalid request. Missing events");
  const { functions, context, logs } = await load(revision, versionIds);
  // What is known of an event is found by its id: without ids, the last one's stands for all.
  const known = new Map(input.map(({ message, metadata }) => [message.messageId, metadata]));
  const metadata = (event) => known.get(event.messageId) ?? {};
  const inside = (value) => vm.runInContext(`(${JSON.stringify(value)})`, context);
  const outcome = [];
  const keep = (event, of) => event && outcome.push({ transformedEvent: event, metadata: of });
  if (functions.transformBatch) {
    const events = await within(functions.transformBatch(input.map(({ message }) => inside(message)), metadata));
    for (const event of events) keep(event, metadata(event));
  } else if (functions.transformEvent) {
    for (const { message } of input) {
      const of = metadata(message);
      try {
        const events = await within(functions.transformEvent(inside(message), metadata));
        for (const event of [events].flat()) keep(event, of);
      } catch (error) {
        outcome.push({ error: String(error?.stack ?? error).split("\n").slice(0, 2).join("\n"), metadata: of });
      }
    }
  } else {
    throw new Refused("Expected one of transformEvent, transformBatch. Found none.");
  }
  return { transformedEvents: outcome, logs };
}

const routes = {
  "/peer": async ({ backend: url }) => void (backend = url),
  "/transformation/testRun": ({ codeRevision, input, dependencies }) =>
    run(codeRevision, input, (dependencies?.libraries ?? []).map(({ versionId }) => versionId)),
  "/transformation/test": async ({ trRevCode, events, libraryVersionIDs }) => {
    const { transformedEvents, logs } = await run(trRevCode, events, libraryVersionIDs ?? []);
    return { transformedEvents: transformedEvents.map(({ error, transformedEvent }) => (error ? { error } : transformedEvent)), logs };
  },
  "/transformationLibrary/test": async ({ code, language = "javascript" }) => {
    if (!code) throw new Refused("Invalid request. Missing code");
    if (language !== "javascript") throw new Refused(`Unsupported language ${language}`);
    new vm.SourceTextModule(code, { context: vm.createContext({}) });
    return true;
  },
  "/extractLibs": async ({ code }) => {
    const found = {};
    for (const [, names, from] of code.matchAll(/import\s+(?:\{([^}]*)\}|[\w*\s]+)\s+from\s+["']([^"']+)["']/g)) {
      found[from] = (names ?? "").split(",").map((name) => name.trim()).filter(Boolean);
    }
    return found;
  },
};

createServer(async (request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body ?? null));
  };
  const route = routes[request.url];
  if (request.method !== "POST" || !route) {
    response.writeHead(404).end("Not Found");
    return;
  }
  try {
    let text = "";
    for await (const piece of request) text += piece;
    answer(200, await route(JSON.parse(text)));
  } catch (error) {
    answer(400, { error: String(error instanceof Refused ? error : (error?.stack ?? error)).split("\n").slice(0, 6).join("\n") });
  }
}).listen(0, "127.0.0.1", function () {
  console.log(`listening on http://127.0.0.1:${this.address().port}`);
});
