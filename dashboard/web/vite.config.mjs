import { defineConfig } from "vite";

// The built page must live under a policy that allows no inline script or style and nothing from
// elsewhere: one script, one sheet, hashed names, nothing inlined.
export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: { output: { manualChunks: undefined } },
  },
  server: { proxy: { "/api": "http://127.0.0.1:5199" } },
});
