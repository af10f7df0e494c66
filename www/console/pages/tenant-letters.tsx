// A tenant's mail: who is on the way through which sequence, and every letter.

import type { VNode } from "preact";
import { part } from "../api/client";
import type { TenantLetters } from "../api/shapes";
import { Card, Lamp, Sheet, Time } from "../parts/bits";
import { LetterRows } from "../parts/letter-rows";
import { number } from "../parts/format";
import { Empty, Loaded, useAnswer } from "../parts/load";
import { sentence } from "../parts/words";

export function TenantMail({ id }: { id: string }): VNode {
  const answer = useAnswer<TenantLetters>(`/v1/tenants/${part(id)}/letters`);
  return (
    <Loaded of={answer} lines={8}>
      {({ letters, enrolments, contacts }) => (
        <div class="grid">
          <Card title="Letters" wide>
            {letters.length === 0 ? (
              <Empty>No letter was written yet.</Empty>
            ) : (
              <LetterRows letters={letters.map((letter) => ({ ...letter, tenant: id }))} />
            )}
          </Card>
          <Card title="On the way">
            {enrolments.length === 0 ? (
              <Empty>Nobody is on the way through a sequence.</Empty>
            ) : (
              <Sheet label="Enrolments">
                <thead>
                  <tr>
                    <th scope="col">Sequence</th>
                    <th scope="col">Who</th>
                    <th scope="col">State</th>
                    <th scope="col">Next</th>
                  </tr>
                </thead>
                <tbody>
                  {enrolments.map(({ sequence, recipient, state, reason, next, entered_at: entered }) => (
                    <tr key={`${sequence} ${recipient} ${entered}`}>
                      <th scope="row">{sequence}</th>
                      <td>{recipient}</td>
                      <td>
                        <Lamp state={state} />
                        {reason && <span class="note">{sentence(reason)}</span>}
                      </td>
                      <td>
                        {next ? (
                          <>
                            Step {number(next.step + 1)} <Time at={next.look_at} />
                          </>
                        ) : (
                          "–"
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </Sheet>
            )}
          </Card>
          <Card title="Who can be written to">
            {contacts.length === 0 ? (
              <Empty>Nobody with an address is known.</Empty>
            ) : (
              <Sheet label="Contacts">
                <thead>
                  <tr>
                    <th scope="col">User</th>
                    <th scope="col">Address</th>
                    <th scope="col">Role</th>
                  </tr>
                </thead>
                <tbody>
                  {contacts.map(({ recipient, email, name, role, owner, refuses_all_since: refuses }) => (
                    <tr key={recipient}>
                      <th scope="row">
                        {name || recipient}
                        {owner && <span class="note">owner</span>}
                      </th>
                      <td>
                        {email ?? "–"}
                        {refuses && <span class="note">wants no mail</span>}
                      </td>
                      <td>{role}</td>
                    </tr>
                  ))}
                </tbody>
              </Sheet>
            )}
          </Card>
        </div>
      )}
    </Loaded>
  );
}
