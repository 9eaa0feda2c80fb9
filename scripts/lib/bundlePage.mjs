import { join } from 'node:path';
import { build } from 'vite';
import { root } from './project.mjs';

/** Makes one file of the compiled browser side: a browser asks for it once, where it would ask for a dozen modules. */
export async function bundlePage() {
  const folder = join(root, 'dist', 'src', 'page', 'client');
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    build: {
      outDir: folder,
      emptyOutDir: false,
      copyPublicDir: false,
      target: 'es2022',
      modulePreload: false,
      rollupOptions: {
        input: join(folder, 'main.js'),
        output: { format: 'es', entryFileNames: 'page.js', inlineDynamicImports: true },
      },
    },
  });
}
