import { defineConfig } from 'tsup'

// Our code in one file, dependencies outside: PGlite's wasm, Prisma's compiler and pino stay where they were installed.
export default defineConfig({
  entry: ['src/main.ts', 'src/operator.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node22',
  sourcemap: true,
  clean: true,
  splitting: true,
})
