// Builds src/ into dist/: two bundles of styles, two of scripts, the fonts and icons they use.
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const options = {
  entryPoints: [
    { in: "src/app.js", out: "app" },
    { in: "src/editor.js", out: "editor" },
    { in: "src/styles/app.css", out: "app" },
    { in: "src/styles/editor.css", out: "editor" },
  ],
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome120", "firefox121", "safari17.2"],
  loader: { ".woff2": "file" },
  assetNames: "fonts/[name]",
  legalComments: "none",
  logLevel: "warning",
};

process.chdir(fileURLToPath(new URL(".", import.meta.url)));
await mkdir("dist", { recursive: true });
await cp("src/icons", "dist", { recursive: true });

if (process.argv.includes("--watch")) {
  const watching = await context({ ...options, logLevel: "info" });
  await watching.watch();
} else {
  await rm("dist/fonts", { recursive: true, force: true });
  const { metafile } = await build({ ...options, metafile: true });
  await nameVersions("dist/app.css");
  await collectLicenses(Object.keys(metafile.inputs));
}

/** Gives the fonts in a style sheet the version by which the web app knows them, so that browsers may keep them for good. */
async function nameVersions(path) {
  const styles = await readFile(path, "utf8");
  const versions = new Map();
  for (const [, name] of styles.matchAll(/url\("?\.\/(fonts\/[^")]+)"?\)/g)) {
    versions.set(name, createHash("sha256").update(await readFile(`dist/${name}`)).digest("hex").slice(0, 16));
  }
  const named = [...versions].reduce((text, [name, version]) => text.replaceAll(name, `${name}?v=${version}`), styles);
  await writeFile(path, named);
}

/** Puts the licenses of everything that is part of a bundle beside the bundles, as these licenses ask for. */
async function collectLicenses(inputs) {
  const folders = new Set(inputs.map((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  const texts = [...folders].sort().map(async (folder) => {
    const { name, version } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    return `${name} ${version}\n\n${await readFile(`${folder}/LICENSE`, "utf8")}`;
  });
  await writeFile("dist/licenses.txt", (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`));
}
