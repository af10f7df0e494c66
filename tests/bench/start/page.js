// Stands before the script that is measured: notes when that was met, when it had decided, and when there was something to see.
const began = performance.now();
let longest = 0;
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) if (startTime + duration > began) longest = Math.max(longest, duration);
}).observe({ type: "longtask", buffered: true });

const slot = document.querySelector("#slot");
let seen;
const painted = new Promise((resolve) => (seen = resolve));
new ResizeObserver(([{ contentRect }]) => {
  if (contentRect.height === 0) return;
  // Told of before the frame is painted; a message is heard after.
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => seen(performance.now() - began);
  port2.postMessage(null);
}).observe(slot);

window.bench = {
  decided(answer) {
    if (!answer) throw new Error("nothing was decided for");
    this.decision = performance.now() - began;
  },
  paint(answer) {
    const banner = document.createElement("div");
    banner.setAttribute("role", "status");
    banner.style.cssText = "display:flex;padding:12px;border:1px solid;border-radius:8px;font:16px sans-serif";
    banner.append(`You have used most of it (${answer})`, Object.assign(document.createElement("button"), { textContent: "Compare plans" }));
    slot.append(banner);
  },
  /** When there is something to see, and a while after: what comes late may be long as well. */
  async done() {
    const paint = await painted;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { decision: this.decision, painted: paint, longest };
  },
};
