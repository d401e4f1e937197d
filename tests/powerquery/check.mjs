// Parses a Power Query (M) document and prints its errors; exit code 1 if there are any.
import { readFileSync } from "node:fs";
import PQP from "@microsoft/powerquery-parser";

const text = readFileSync(process.argv[2], "utf8");
const task = await PQP.TaskUtils.tryLexParse(PQP.DefaultSettings, text);
if (PQP.TaskUtils.isParseStageOk(task)) {
    console.log("ok");
} else {
    console.error(task.error?.message ?? JSON.stringify(task.error));
    process.exit(1);
}
