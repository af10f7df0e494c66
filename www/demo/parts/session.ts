// Who is here, from Nimbus's own back end.

/** Ada may buy, Milo may ask, a visitor has met no nudge yet. */
export type Visitor = "admin" | "member" | "visitor";

interface Answer {
  endpoint: string;
  token: string;
  user: { id: string; name: string; role: string };
}

export interface Session extends Omit<Answer, "token"> {
  /** The token that came with the session, then a new one each time. */
  token: () => Promise<string>;
}

export async function openSession(visitor: Visitor): Promise<Session> {
  const query = new URLSearchParams({ role: visitor === "member" ? "member" : "admin" });
  if (visitor === "visitor") query.set("user", `visitor-${crypto.randomUUID().slice(0, 4)}`);
  const ask = async (): Promise<Answer> => {
    const answer = await fetch(`/api/session?${query}`);
    if (!answer.ok) throw new Error(`/api/session answered ${answer.status}`);
    return answer.json();
  };
  const { token, ...session } = await ask();
  let first: string | undefined = token;
  return {
    ...session,
    token: async () => {
      const given = first ?? (await ask()).token;
      first = undefined;
      return given;
    },
  };
}
