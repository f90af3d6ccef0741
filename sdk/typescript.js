// node typescript.js openapi.json FOLDER: one function for each operation, on `fetch`, with no other dependency.
import { createClient } from "@hey-api/openapi-ts";

const [input, path] = process.argv.slice(2);

await createClient({
  input,
  output: { path, module: { extension: ".js" } },
  logs: { level: "warn", file: false },
  parser: { transforms: { readWrite: false } },
  plugins: [
    { name: "@hey-api/client-fetch", baseUrl: false },
    "@hey-api/typescript",
    "@hey-api/sdk",
  ],
});
