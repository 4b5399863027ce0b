/**
 * How the scripted model thinks. It knows nothing of the task, its labels or its examples: it obeys the instructions that it finds
 * in the conversation, criticises by comparing what was expected with what was said, and rewrites by putting criticism in order.
 */

/** One answer to a chat, by the first rule that fits. */
export function answer(messages) {
  const user = messages.findLast((message) => message.role === "user")?.content ?? "";
  const system = messages
    .filter((message) => message.role === "system")
    .map((message) => message.content)
    .join("\n");
  if (user.includes("<NEW_VALUE>")) return rewrite(user);
  if (user.includes("<EXPECTED>")) return criticiseAnswer(user);
  if (user.includes("<CONVERSATION>")) return criticisePrompt(user);
  return obey(system, user);
}

/** Follows the instructions of the system prompt: the allowed answers, and the list of words that speak for each. */
function obey(instructions, text) {
  const choices = choicesIn(instructions);
  if (choices.length === 0) return `Thank you for your message. You wrote: ${text}`;
  const said = new Set(wordsOf(text));
  const rules = rulesIn(instructions);
  const votes = choices.map((choice) => (rules.get(choice) ?? []).filter((word) => said.has(word)).length);
  return choices[votes.indexOf(Math.max(...votes))];
}

/** Says what an answer should have been. */
function criticiseAnswer(question) {
  return `The answer must be "${between(question, "EXPECTED")}", not "${between(question, "PART")}".`;
}

/** Says which words of the text should have led to the expected answer. */
function criticisePrompt(question) {
  const expected = /must be "(.*?)"/.exec(between(question, "FEEDBACK"))?.[1];
  const text = /<MESSAGE role="user">([\s\S]*?)<\/MESSAGE>/.exec(question)?.[1] ?? "";
  if (expected === undefined) return "It should stay as it is.";
  return `It does not say which words speak for which answer. Words that speak for ${expected}: ${wordsOf(text).join(", ")}.`;
}

/** Adds the words of all criticism to the list. A word that speaks for two answers speaks for none. */
function rewrite(question) {
  const value = between(question, "VALUE");
  const rules = rulesIn(value);
  const dropped = new Set(/^Words without meaning: (.*)\.$/m.exec(value)?.[1]?.split(", ") ?? []);
  for (const [, choice, list] of question.matchAll(/Words that speak for (\w+): ([^<]*?)\./g)) {
    for (const word of list.split(", ")) {
      const others = [...rules].filter(([other, words]) => other !== choice && words.includes(word));
      for (const [other, words] of others)
        rules.set(
          other,
          words.filter((kept) => kept !== word),
        );
      if (others.length > 0 || dropped.has(word)) dropped.add(word);
      else rules.set(choice, [...new Set([...(rules.get(choice) ?? []), word])]);
    }
    rules.set(
      choice,
      (rules.get(choice) ?? []).filter((word) => !dropped.has(word)),
    );
  }
  const lines = [...rules].filter(([, words]) => words.length > 0).map(([choice, words]) => `- ${choice}: ${words.join(", ")}`);
  const first = value.split("\n")[0];
  const meaningless = dropped.size === 0 ? [] : [`Words without meaning: ${[...dropped].join(", ")}.`];
  return `<NEW_VALUE>${[first, "These words speak for an answer:", ...lines, ...meaningless].join("\n")}</NEW_VALUE>`;
}

/** `Answer with one of: a, b, c.` */
function choicesIn(instructions) {
  const list = /one of: ([^.\n]*)/.exec(instructions)?.[1];
  return list === undefined ? [] : list.split(",").map((choice) => choice.trim());
}

/** Lines such as `- billing: invoice, refund`. */
function rulesIn(instructions) {
  return new Map([...instructions.matchAll(/^- (\w+): (.*)$/gm)].map(([, choice, list]) => [choice, list.split(", ")]));
}

/** Lower-case words of three letters and more without endings, each once. */
function wordsOf(text) {
  const words = text.toLowerCase().match(/[a-z]{3,}/g) ?? [];
  return [...new Set(words.map((word) => word.replace(/(?:ing|ed|s)$/, "")).filter((word) => word.length > 2))];
}

function between(text, tag) {
  return new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1] ?? "";
}
