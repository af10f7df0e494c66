/** A core that knows nothing yet. */
export function coreOf(compiled: WebAssembly.Module): Core;

/** One page's session and queue policy; src/lib.rs says what the methods do. */
export interface Core {
  apply_(frame: Uint8Array, device: number): number;
  now_(device: number): number;
  count_(meter: number, set: boolean, n: number, device: number): void;
  track_(event: number, device: number): void;
  note_(campaign: number, kind: number, tag: number, at: number, until: number): void;
  display_(campaign: number, shown: boolean): void;
  place_(key: number): number;
  decide_(place: number, device: number): number;
  trace_(place: number, i: number, device: number): number;
  value_(i: number, device: number): number;
  meter_(meter: number, field: number, device: number): number;
  feature_(feature: number): number;
  nextSend_(waiting: number, device: number): number;
  sent_(): void;
  closeBatch_(): number;
  abandon_(batch: number): void;
  answered_(status: number, retryAfter: number, jitter: number, device: number): number;
}
