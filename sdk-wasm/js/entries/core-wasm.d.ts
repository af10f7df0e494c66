/** The core in base64, as the bundler puts it there. */
declare module "#core-wasm" {
  const base64: string;
  export default base64;
}
