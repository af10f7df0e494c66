// Letters as rows; each opens to its text.

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { part } from "../api/client";
import type { Letter, WrittenLetter } from "../api/shapes";
import { Lamp, Sheet, TenantLink, Time } from "./bits";
import { Dialog } from "./dialog";
import { LetterText } from "./letter-text";
import { Loaded, useAnswer } from "./load";
import { LETTER_STATES, sentence, word } from "./words";

export function LetterRows({ letters }: { letters: Letter[] }): VNode {
  const [open, setOpen] = useState<Letter>();
  return (
    <>
      <Sheet label="Letters">
        <thead>
          <tr>
            <th scope="col">Subject</th>
            <th scope="col">Tenant</th>
            <th scope="col">To</th>
            <th scope="col">Sequence</th>
            <th scope="col">State</th>
            <th scope="col">Written</th>
            <th scope="col">Clicked</th>
          </tr>
        </thead>
        <tbody>
          {letters.map((letter) => (
            <tr key={letter.id}>
              <th scope="row">
                {letter.subject ? (
                  <button type="button" class="link" onClick={() => setOpen(letter)}>
                    {letter.subject}
                  </button>
                ) : (
                  "Not written"
                )}
              </th>
              <td>{letter.tenant && <TenantLink tenant={letter.tenant} />}</td>
              <td>{letter.to ?? letter.recipient}</td>
              <td>
                {letter.parts.map(({ sequence, step }) => (
                  <span key={`${sequence} ${step}`} class="line">
                    {sequence}, step {step + 1}
                  </span>
                ))}
              </td>
              <td>
                <Lamp state={letter.state} label={word(LETTER_STATES, letter.state)} />
                {letter.reason && <span class="note">{letter.detail ?? sentence(letter.reason)}</span>}
              </td>
              <td>
                <Time at={letter.drawn_at} />
              </td>
              <td>
                <Time at={letter.clicked_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </Sheet>
      {open?.tenant && (
        <Dialog title={open.subject ?? "Letter"} close={() => setOpen(undefined)}>
          <Written tenant={open.tenant} id={open.id} />
        </Dialog>
      )}
    </>
  );
}

function Written({ tenant, id }: { tenant: string; id: string }): VNode {
  const letter = useAnswer<WrittenLetter>(`/v1/tenants/${part(tenant)}/letters/${part(id)}`);
  return (
    <Loaded of={letter} lines={8}>
      {(found) => <LetterText letter={found} name={id} />}
    </Loaded>
  );
}
