"""llama.cpp, a real server that imitates OpenAI, with a model of half a megabyte: random, but for what it likes to say.

python -m tests.providers.llama FOLDER     # prints its address
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Plain, and in the words by which llama.cpp knows how a model calls tools.
TEMPLATE = """
{%- if tools %}<|im_start|>system
# Tools
<tools>{% for tool in tools %}
{{ tool | tojson }}{% endfor %}
</tools>
Call as {"name": <function-name>, "arguments": <args-json-object>} within <tool_call></tool_call>.<|im_end|>
{% endif %}
{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
_WIDTH, _LAYERS, _HEADS, _INNER = 64, 2, 4, 128


@contextmanager
def run_llama(folder: Path) -> Iterator[str]:
    """The address of a server while it runs. Its model begins a call whenever it may."""
    command = [sys.executable, "-m", "tests.providers.llama", str(folder)]
    root, pipe, nowhere = Path(__file__).parents[2], subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdout=pipe, stderr=nowhere, text=True, cwd=root) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def write_model(file: Path) -> None:
    """A llama with random weights, made so that `<tool_call>` and what closes a JSON are likely."""
    import gguf
    import numpy

    random = numpy.random.default_rng(11)
    pieces = [chr(code) for code in range(33, 127)] + ["\u2581", "the", "ing"]
    bytes_alone = [f"<0x{number:02X}>" for number in range(256)]
    special = ["<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"]
    tokens = ["<unk>", "<s>", "</s>", *bytes_alone, *pieces, *special]
    scores = [0.0] * 259 + [-float(number) - 1 for number in range(len(pieces))] + [0.0] * 4
    kinds = [2, 3, 3, *[6] * 256, *[1] * len(pieces), 3, 3, 4, 4]
    count = len(tokens)
    end, call, called = count - 3, count - 2, count - 1

    def draw(*shape: int, scale: float = 0.05):
        return (random.standard_normal(shape) * scale).astype(numpy.float32)

    embedding, output = draw(count, _WIDTH), draw(count, _WIDTH, scale=0.25)
    embedding[:, 0], output[:, 0], output[:, 1], output[:, 2] = 3.0, 0.0, 0.0, 0.0
    embedding[call, :2], embedding[called, 0], embedding[called, 2] = (0.0, 8.0), 0.0, 8.0
    output[3 + ord("\n"), 1] = output[end, 2] = 4.0  # a line end behind a call's mark, the end behind the call
    liked = {call: 3.0, called: 1.5, end: 2.0, tokens.index('"'): 2.6, tokens.index("}"): 2.9}
    for token, weight in liked.items():
        output[token, 0] = weight

    writer = gguf.GGUFWriter(str(file), "llama")
    writer.add_name("tiny")
    writer.add_context_length(4096)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(count)
    writer.add_file_type(0)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token in tokens])
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(end)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(False)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", numpy.ones(_WIDTH, numpy.float32))
    for layer in range(_LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", numpy.ones(_WIDTH, numpy.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", draw(_WIDTH, _WIDTH))
        for name, shape in (
            ("ffn_gate", (_INNER, _WIDTH)),
            ("ffn_up", (_INNER, _WIDTH)),
            ("ffn_down", (_WIDTH, _INNER)),
        ):
            writer.add_tensor(f"blk.{layer}.{name}.weight", draw(*shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _serve(folder: Path) -> None:
    import xllamacpp

    file = folder / "tiny.gguf"
    write_model(file)
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(file)
    wanted.port, wanted.n_ctx, wanted.n_parallel, wanted.n_predict = 0, 8192, 2, 400
    wanted.use_jinja, wanted.warmup = True, False
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(wanted)
    print(server.listening_address, flush=True)
    parent = os.getppid()
    while os.getppid() == parent:  # nobody waits for it any more
        time.sleep(0.5)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
