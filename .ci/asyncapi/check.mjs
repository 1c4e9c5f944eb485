// Holds docs/asyncapi.yaml to the standard, by the official parser. Its argument is the file; run it where the parser is
// installed (.ci/asyncapi/run). Errors end it with 1.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { DiagnosticSeverity, Parser } from "@asyncapi/parser";

const path = resolve(process.argv[2]);
const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"), { source: path });
for (const { severity, code, message, path: at } of diagnostics) {
  console.error(`${DiagnosticSeverity[severity].toLowerCase()}: ${code}: ${message} (${at.join(".")})`);
}
const errors = diagnostics.filter(({ severity }) => severity === DiagnosticSeverity.Error);
if (!document || errors.length > 0) {
  console.error(`${path} is no AsyncAPI document: ${errors.length} errors`);
  process.exit(1);
}
const channels = document.channels().all().length;
console.log(`AsyncAPI ${document.version()}: ${channels} channels, ${document.operations().all().length} operations`);
