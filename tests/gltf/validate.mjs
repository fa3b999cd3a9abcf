// SPDX-License-Identifier: GPL-3.0-or-later
// node validate.mjs FILE.glb|FILE.gltf: prints Khronos gltf-validator's report as JSON.
// Exit status 0 whenever there is a report; what it found is for the caller to judge.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import validator from "gltf-validator";

const file = resolve(process.argv[2]);
const report = await validator.validateBytes(new Uint8Array(await readFile(file)), {
  uri: file,
  maxIssues: 100,
  externalResourceFunction: async (uri) => new Uint8Array(await readFile(resolve(dirname(file), decodeURIComponent(uri)))),
});
process.stdout.write(JSON.stringify(report));
