// Builds scripts and styles of every surface into the package's static folder, with a manifest.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/static/dist/",
  publicDir: false,
  build: {
    outDir: "../makegood/web/static/dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: false,
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    rollupOptions: { input: { portal: "src/portal.js", desk: "src/desk.js" } },
  },
});
