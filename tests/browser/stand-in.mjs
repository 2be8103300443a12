// Answers to `init` and `serve` as the real program does, as far as the harness's own tests look.

import { createServer } from "node:http";
import { readFileSync } from "node:fs";

const [command, ...args] = process.argv.slice(2);
const value = (name) => args[args.indexOf(name) + 1];

if (command === "init") {
  const password = readFileSync(0, "utf8").trimEnd();
  console.log(JSON.stringify({ name: value("--name"), password }));
} else if (args.includes("--refuse")) {
  console.error("the port is taken");
  process.exitCode = 1;
} else {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const found = request.url === "/echo";
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(found ? { authorization: request.headers.authorization, body: JSON.parse(text) } : { code: "not_found" }));
  });
  server.listen(0, "127.0.0.1", () => {
    const url = `http://127.0.0.1:${server.address().port}`;
    console.log(`listening on ${url}`);
    console.log(`set up: ${url}/setup?token=stand-in`);
  });
  process.on("SIGTERM", () => (server.closeAllConnections(), server.close()));
}
