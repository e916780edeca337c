"""Each kind of change: the files of the old side, those of the new side, and what ``orchestrate diff`` prints."""

from collections.abc import Mapping

from tests.support.versions import FLAG, LONG, ONE, RULES, THIRD, TOOL, TWO


def with_tool(entry: str) -> str:
    return TOOL.replace('"shop:pay"', f"{{use: shop:pay, {entry}}}")


def with_variable(text: str, *, seen: bool = True) -> str:
    return f"variables: {{v: {text}}}\n" + (ONE.replace("there", "{{ v }}") if seen else ONE)


def with_model(text: str) -> str:
    return f"models: {{fast: {{{text}}}}}\n{ONE.replace('model: m', 'model: fast')}"


Files = Mapping[str, str]

# files by name without suffix
CASES: Mapping[str, tuple[Files, Files, str]] = {
    "not-loaded": (
        {"bot": ONE},
        {"bot": ONE.replace("m}", "m, colour: red, size: 1}")},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        file
          breaking  not-loaded: new/bot.yaml has 2 errors, the first: unknown key 'colour'  (new/bot.yaml:1:54)
        """,
    ),
    "agent-removed": (
        {"bot": TWO},
        {"bot": ONE.replace("model: m", "model: m, description: The first one.")},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        agent b
          breaking  agent-removed  (old/bot.yaml:4:3)
        """,
    ),
    "entry-changed": (
        {"bot": TWO},
        {"bot": TWO.replace("entry: a", "entry: b")},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        file
          breaking  entry-changed: a -> b  (new/bot.yaml:1:8)
        """,
    ),
    "agent-renamed": (
        {"bot": TWO},
        {"bot": TWO.replace("to: b", "to: sales").replace("      b:", "      sales:")},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        agent sales
          breaking  agent-renamed: b -> sales  (new/bot.yaml:4:3)
        """,
    ),
    "approval-dropped": (
        {"bot": with_tool("approval: always")},
        {"bot": TOOL},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        agent a
          breaking  approval-dropped: tool pay: always -> never  (new/bot.yaml:2:53)
        """,
    ),
    "approval-weakened": (
        {"bot": with_tool("approval: always"), "shop": RULES},
        {"bot": with_tool('approval: "shop:often"'), "shop": RULES},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        agent a
          breaking  approval-weakened: tool pay: always -> shop:often  (new/bot.yaml:2:53)
        """,
    ),
    "guard-dropped": (
        {"bot": with_tool("requires: v") + FLAG},
        {"bot": TOOL + FLAG},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        agent a
          breaking  guard-dropped: tool pay: v -> not set  (new/bot.yaml:2:53)
        """,
    ),
    "secret-dropped": (
        {"bot": with_variable("{default: x, secret: true}", seen=False)},
        {"bot": with_variable("{default: x}", seen=False)},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        variable v
          breaking  secret-dropped: true -> false  (new/bot.yaml:1:16)
        """,
    ),
    "unreachable": (
        {"bot": TWO},
        {"bot": TWO.replace("handoffs: [{to: b, when: asked}]", "handoffs: []")},
        """
        old/bot.yaml -> new/bot.yaml: 2 breaking

        agent a
          breaking  handoff-lost: handoff to b: asked  (old/bot.yaml:3:85)

        agent b
          breaking  unreachable: no handoffs lead here from 'a'  (new/bot.yaml:4:3)
        """,
    ),
    "way-back-lost": (
        {"bot": TWO},
        {"bot": TWO.replace("handoffs: [{to: a, when: asked}]", "handoffs: []")},
        """
        old/bot.yaml -> new/bot.yaml: 2 breaking

        agent b
          breaking  way-back-lost: no handoffs lead from here to 'a'  (new/bot.yaml:4:3)
          breaking  handoff-lost: handoff to a: asked  (old/bot.yaml:4:87)
        """,
    ),
    "handoff-lost": (
        {"bot": TWO.replace("[{to: a", "[{to: c, when: lost}, {to: a") + THIRD},
        {"bot": TWO + THIRD},
        """
        old/bot.yaml -> new/bot.yaml: 2 breaking

        agent b
          breaking  handoff-lost: handoff to c: lost  (old/bot.yaml:4:87)

        agent c
          breaking  unreachable: no handoffs lead here from 'a'  (new/bot.yaml:5:3)
        """,
    ),
    "tool-lost": (
        {"bot": TOOL},
        {"bot": ONE},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        agent a
          breaking  tool-lost: tool pay: shop.py:pay  (old/bot.yaml:2:53)
        """,
    ),
    "tool-schema-breaking": (
        {"bot": TOOL, "shop": "def pay(amount: float, to: str = '', note: str = '') -> None: ..."},
        {"bot": TOOL, "shop": "def pay(amount: int, to: str, by: str) -> None: ..."},
        """
        old/bot.yaml -> new/bot.yaml: 4 breaking

        agent a
          breaking  tool-schema-breaking: tool pay: parameter 'amount' takes fewer values  (new/bot.yaml:2:53)
          breaking  tool-schema-breaking: tool pay: parameter 'to' is required  (new/bot.yaml:2:53)
          breaking  tool-schema-breaking: tool pay: parameter 'note' is gone  (new/bot.yaml:2:53)
          breaking  tool-schema-breaking: tool pay: parameter 'by' is new and required  (new/bot.yaml:2:53)
        """,
    ),
    "variable-removed": (
        {"bot": with_variable("x", seen=False)},
        {"bot": ONE},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        variable v
          breaking  variable-removed  (old/bot.yaml:1:13)
        """,
    ),
    "variable-required": (
        {"bot": with_variable("x")},
        {"bot": with_variable("{type: string}")},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        variable v
          breaking  variable-required: x -> not set  (new/bot.yaml:1:16)
        """,
    ),
    "variable-type-changed": (
        {"bot": with_variable("{type: string}")},
        {"bot": with_variable("{type: integer}")},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        variable v
          breaking  variable-type-changed: string -> integer  (new/bot.yaml:1:23)
        """,
    ),
    "variable-narrowed": (
        {"bot": with_variable("{default: x, enum: [x, y]}")},
        {"bot": with_variable("{default: x, enum: [x, z]}")},
        """
        old/bot.yaml -> new/bot.yaml: 1 breaking

        variable v
          breaking  variable-narrowed: ["x", "y"] -> ["x", "z"]  (new/bot.yaml:1:35)
        """,
    ),
    "agent-added": (
        {"bot": ONE.replace("model: m", "model: m, description: The first one.")},
        {"bot": TWO},
        """
        old/bot.yaml -> new/bot.yaml: 2 notable

        agent a
          notable   handoff-gained: handoff to b: asked  (new/bot.yaml:3:85)

        agent b
          notable   agent-added: model: m; handoffs: a  (new/bot.yaml:4:3)
        """,
    ),
    "instructions-changed": (
        {"bot": ONE.replace("there", '{% include "house.md" %} there'), "house": "Be kind."},
        {"bot": ONE.replace("there", '{% include "house.md" %} here'), "house": "Be kind."},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   instructions-changed: includes house.md  (new/bot.yaml:1:28)
              Hello {% include "house.md" %} [-there.-]{+here.+}
        """,
    ),
    "template-changed": (
        {"bot": ONE.replace("there", '{% include "house.md" %}'), "house": LONG},
        {"bot": ONE.replace("there", '{% include "house.md" %}'), "house": LONG.replace("brief", "long")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        template house.md
          notable   template-changed: included by a
              Be [-brief.-]{+long.+} Say what is the case, and nothing else. Say what is the case, …
        """,
    ),
    "template-added": (
        {"bot": with_variable("x")},
        {"bot": with_variable("x").replace("}}.", '}}. {% include "house.md" %}'), "house": "Be kind."},
        """
        old/bot.yaml -> new/bot.yaml: 2 notable

        agent a
          notable   instructions-changed: includes house.md  (new/bot.yaml:2:28)
              Hello {{ v }}.{+ {% include "house.md" %}+}

        template house.md
          notable   template-added: included by a
        """,
    ),
    "template-removed": (
        {"bot": with_variable("x").replace("}}.", '}}. {% include "house.md" %}'), "house": "Be kind."},
        {"bot": with_variable("x")},
        """
        old/bot.yaml -> new/bot.yaml: 2 notable

        agent a
          notable   instructions-changed  (new/bot.yaml:2:28)
              Hello {{ v }}.[- {% include "house.md" %}-]

        template house.md
          notable   template-removed: included by a
        """,
    ),
    "model-changed": (
        {"bot": with_model("model: gpt-4o")},
        {"bot": with_model("model: gpt-4o-mini")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        model fast
          notable   model-changed: model: gpt-4o -> gpt-4o-mini (used by a)  (new/bot.yaml:1:24)
        """,
    ),
    "endpoint-changed": (
        {"bot": with_model("model: m, base_url: https://a.org, api_key: {env: ONE_KEY}")},
        {"bot": with_model("model: m, base_url: {env: B, default: https://b.org}, api_key: none")},
        """
        old/bot.yaml -> new/bot.yaml: 2 notable

        model fast
          notable   endpoint-changed: base_url: https://a.org -> "$B or https://b.org" (used by a)  (new/bot.yaml:1:37)
          notable   endpoint-changed: api_key: $ONE_KEY -> none (used by a)  (new/bot.yaml:1:80)
        """,
    ),
    "setting-changed": (
        {"bot": with_model("model: m, temperature: 0.2, seed: 1")},
        {"bot": with_model("model: m, temperature: 1, strict: true")},
        """
        old/bot.yaml -> new/bot.yaml: 3 notable

        model fast
          notable   setting-changed: temperature: 0.2 -> 1 (used by a)  (new/bot.yaml:1:40)
          notable   setting-changed: seed: 1 -> not set (used by a)  (new/bot.yaml:1:16)
          notable   setting-changed: strict: not set -> true (used by a)  (new/bot.yaml:1:51)
        """,
    ),
    "tool-choice-changed": (
        {"bot": TOOL},
        {"bot": TOOL.replace("model: m", "model: m, tool_choice: {type: function, function: {name: pay}}")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   tool-choice-changed: auto -> pay  (new/bot.yaml:2:58)
        """,
    ),
    "handoff-gained": (
        {"bot": TWO + THIRD},
        {"bot": TWO.replace("[{to: a", "[{to: c}, {to: a") + THIRD},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent b
          notable   handoff-gained: handoff to c  (new/bot.yaml:4:87)
        """,
    ),
    "when-changed": (
        {"bot": TWO},
        {"bot": TWO.replace("{to: b, when: asked}", "{to: b, when: asked to}")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   when-changed: handoff to b: asked{+ to+}  (new/bot.yaml:3:99)
        """,
    ),
    "at-most-changed": (
        {"bot": TWO},
        {"bot": TWO.replace("{to: b,", "{to: b, at_most: 2,")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   at-most-changed: handoff to b: not set -> 2  (new/bot.yaml:3:102)
        """,
    ),
    "for-one-turn-changed": (
        {"bot": TWO},
        {"bot": TWO.replace("{to: b,", "{to: b, for_one_turn: true,")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   for-one-turn-changed: handoff to b: false -> true  (new/bot.yaml:3:107)
        """,
    ),
    "tool-gained": (
        {"bot": ONE},
        {"bot": TOOL},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   tool-gained: tool pay: shop.py:pay  (new/bot.yaml:2:53)
        """,
    ),
    "tool-moved": (
        {"bot": TOOL, "shop": RULES},
        {"bot": TOOL.replace('"shop:pay"', "{use: shop:often, name: pay}"), "shop": RULES},
        """
        old/bot.yaml -> new/bot.yaml: 3 breaking, 2 notable

        agent a
          breaking  tool-schema-breaking: tool pay: parameter 'amount' is gone  (new/bot.yaml:2:53)
          breaking  tool-schema-breaking: tool pay: parameter 'arguments' is new and required  (new/bot.yaml:2:53)
          breaking  tool-schema-breaking: tool pay: parameter 'context' is new and required  (new/bot.yaml:2:53)
          notable   purpose-changed: tool pay: [-Pay an amount.-]{+Whether to ask.+}  (new/bot.yaml:2:53)
          notable   tool-moved: tool pay: shop.py:pay -> shop.py:often  (new/bot.yaml:2:53)
        """,
    ),
    "approval-added": (
        {"bot": TOOL},
        {"bot": with_tool("approval: always")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   approval-added: tool pay: never -> always  (new/bot.yaml:2:53)
        """,
    ),
    "approval-changed": (
        {"bot": with_tool('approval: "shop:often"'), "shop": RULES},
        {"bot": with_tool('approval: "shop:seldom"'), "shop": RULES},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   approval-changed: tool pay: shop:often -> shop:seldom  (new/bot.yaml:2:53)
        """,
    ),
    "guard-added": (
        {"bot": TWO + FLAG},
        {"bot": TWO.replace("{to: b,", "{to: b, requires: v,") + FLAG},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   guard-added: handoff to b: not set -> v  (new/bot.yaml:3:103)
        """,
    ),
    "guard-changed": (
        {"bot": with_tool("requires: v") + FLAG},
        {"bot": with_tool("requires: not v") + FLAG},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   guard-changed: tool pay: v -> "not v"  (new/bot.yaml:2:53)
        """,
    ),
    "effects-changed": (
        {"bot": TOOL},
        {"bot": with_tool("effects: read")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   effects-changed: tool pay: once -> read  (new/bot.yaml:2:53)
        """,
    ),
    "variable-default-changed": (
        {"bot": with_variable("x")},
        {"bot": with_variable("y or z")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        variable v
          notable   variable-default-changed: x -> "y or z"  (new/bot.yaml:1:16)
        """,
    ),
    "variable-env-changed": (
        {"bot": with_variable("{default: x, env: ONE}")},
        {"bot": with_variable("{default: x, env: TWO}")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        variable v
          notable   variable-env-changed: ONE -> TWO  (new/bot.yaml:1:34)
        """,
    ),
    "secret-added": (
        {"bot": with_variable("x", seen=False)},
        {"bot": with_variable("{default: y, secret: true}", seen=False)},
        """
        old/bot.yaml -> new/bot.yaml: 2 notable

        variable v
          notable   variable-default-changed: (secret) -> (secret)  (new/bot.yaml:1:26)
          notable   secret-added: false -> true  (new/bot.yaml:1:37)
        """,
    ),
    "limit-raised": (
        {"bot": ONE},
        {"bot": ONE + "\nlimits: {model_calls: 30, tool_seconds: 90}"},
        """
        old/bot.yaml -> new/bot.yaml: 2 notable

        limits
          notable   limit-raised: model_calls: 20 -> 30  (new/bot.yaml:3:23)
          notable   limit-raised: tool_seconds: 60 -> 90  (new/bot.yaml:3:41)
        """,
    ),
    "limit-lowered": (
        {"bot": ONE},
        {"bot": ONE + "\nlimits: {seconds: 5, handoffs: 2}"},
        """
        old/bot.yaml -> new/bot.yaml: 2 notable

        limits
          notable   limit-lowered: handoffs: 10 -> 2  (new/bot.yaml:3:32)
          notable   limit-lowered: seconds: not set -> 5  (new/bot.yaml:3:19)
        """,
    ),
    "packages-changed": (
        {"bot": ONE},
        {"bot": ONE + "\npackages: [click]"},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        file
          notable   packages-changed: [] -> ["click"]  (new/bot.yaml:3:11)
        """,
    ),
    "label-changed": (
        {"bot": ONE},
        {"bot": ONE.replace("model: m", "model: m, label: Ann")},
        """
        old/bot.yaml -> new/bot.yaml: 1 minor

        agent a
          minor     label-changed: A -> Ann  (new/bot.yaml:1:61)
        """,
    ),
    "purpose-changed": (
        {"bot": TWO},
        {"bot": TWO.replace("The first one", "The first one of all")},
        """
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   purpose-changed: The first [-one.-]{+one of all.+}  (new/bot.yaml:3:58)
        """,
    ),
    "description-changed": (
        {"bot": TWO + "    description: A bot."},
        {"bot": TWO + "    description: Two bots."},
        """
        old/bot.yaml -> new/bot.yaml: 1 minor

        file
          minor     description-changed: [-A bot.-]{+Two bots.+}  (new/bot.yaml:5:14)
        """,
    ),
    "tool-schema-changed": (
        {"bot": TOOL, "shop": "def pay(amount: int, note: str = '') -> None: ..."},
        {"bot": TOOL, "shop": "def pay(amount: float = 1, note: str = 'x', by: str = '') -> None: ..."},
        """
        old/bot.yaml -> new/bot.yaml: 4 minor

        agent a
          minor     tool-schema-changed: tool pay: parameter 'amount' takes more values  (new/bot.yaml:2:53)
          minor     tool-schema-changed: tool pay: parameter 'amount' is optional  (new/bot.yaml:2:53)
          minor     tool-schema-changed: tool pay: parameter 'note' has another default  (new/bot.yaml:2:53)
          minor     tool-schema-changed: tool pay: parameter 'by' is new  (new/bot.yaml:2:53)
        """,
    ),
    "timeout-changed": (
        {"bot": TOOL},
        {"bot": with_tool("timeout: 2.5")},
        """
        old/bot.yaml -> new/bot.yaml: 1 minor

        agent a
          minor     timeout-changed: tool pay: not set -> 2.5  (new/bot.yaml:2:53)
        """,
    ),
    "sequential-changed": (
        {"bot": TOOL},
        {"bot": with_tool("sequential: true")},
        """
        old/bot.yaml -> new/bot.yaml: 1 minor

        agent a
          minor     sequential-changed: tool pay: false -> true  (new/bot.yaml:2:53)
        """,
    ),
    "parallel-calls-changed": (
        {"bot": ONE},
        {"bot": ONE.replace("model: m", "model: m, parallel_tool_calls: false")},
        """
        old/bot.yaml -> new/bot.yaml: 1 minor

        agent a
          minor     parallel-calls-changed: not set -> false  (new/bot.yaml:1:75)
        """,
    ),
    "alias-removed": (
        {"bot": with_model("model: m}, other: {model: n")},
        {"bot": with_model("model: m")},
        """
        old/bot.yaml -> new/bot.yaml: 1 minor

        model other
          minor     alias-removed  (old/bot.yaml:1:28)
        """,
    ),
    "alias-added": (
        {"bot": with_model("model: m")},
        {"bot": with_model("model: m}, other: {model: n")},
        """
        old/bot.yaml -> new/bot.yaml: 1 minor

        model other
          minor     alias-added  (new/bot.yaml:1:28)
        """,
    ),
    "variable-added": (
        {"bot": ONE},
        {"bot": with_variable("x", seen=False)},
        """
        old/bot.yaml -> new/bot.yaml: 1 minor

        variable v
          minor     variable-added  (new/bot.yaml:1:13)
        """,
    ),
    "variable-widened": (
        {"bot": with_variable("{default: x, enum: [x, y]}")},
        {"bot": with_variable("{default: x}")},
        """
        old/bot.yaml -> new/bot.yaml: 1 minor

        variable v
          minor     variable-widened: ["x", "y"] -> not set  (new/bot.yaml:1:16)
        """,
    ),
}
