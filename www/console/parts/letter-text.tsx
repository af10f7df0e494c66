// A letter's words. Its HTML was written for mail programs, with styles of its own that this page's policy refuses, so it is saved
// and opened apart from the console instead of drawn in it.

import type { VNode } from "preact";
import { saveAs } from "./bits";

export function LetterText({
  letter: { subject, text, html, to },
  name,
}: {
  letter: { subject: string; text: string; html: string; to?: string };
  name: string;
}): VNode {
  return (
    <article class="letter">
      <dl class="pairs">
        {to && (
          <>
            <dt>To</dt>
            <dd>{to}</dd>
          </>
        )}
        <dt>Subject</dt>
        <dd>{subject}</dd>
      </dl>
      <pre tabIndex={0} aria-label="The letter as text">
        {text}
      </pre>
      <button type="button" onClick={() => saveAs(new Blob([html], { type: "text/html" }), `${name}.html`)}>
        Save as HTML
      </button>
    </article>
  );
}
