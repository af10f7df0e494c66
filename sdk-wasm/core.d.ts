/** A core that knows nothing yet. */
export function coreOf(compiled: WebAssembly.Module): Core;

/** One page's session and queue policy; src/lib.rs says what the methods do. */
export interface Core {
  apply(frame: Uint8Array, device: number): number;
  now(device: number): number;
  add(meter: number, n: number, device: number): void;
  set(meter: number, n: number, device: number): void;
  track(event: number, device: number): void;
  note(campaign: number, kind: number, tag: number, at: number, until: number): void;
  convert(at: number): void;
  display(campaign: number, shown: boolean): void;
  place(key: number): number;
  decide(place: number, device: number): number;
  trace(place: number, i: number, device: number): number;
  value(i: number, device: number): number;
  meter(meter: number, field: number, device: number): number;
  feature(feature: number): number;
  queued(device: number): void;
  nextSend(device: number): number;
  sent(): void;
  closeBatch(): number;
  abandon(batch: number): void;
  answered(status: number, carried: number, retryAfter: number, jitter: number, device: number): number;
}
