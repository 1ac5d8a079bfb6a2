import { defineConfig } from 'tsup'

/** One file for each entry and format; the sandbox is a chunk of its own in ESM, loaded only when it is asked for. */
export default defineConfig({
  entry: ['src/index.ts', 'src/admin.ts'],
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  dts: true,
  treeshake: true,
  clean: true,
  tsconfig: 'tsconfig.build.json',
})
