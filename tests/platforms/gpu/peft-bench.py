#!/usr/bin/env python3
"""QLoRA with PyTorch and PEFT on the shapes of `bench train`, for comparison: random weights, rank 16 on every linear layer, one row of T tokens an
update, gradient checkpointing, AdamW. Weights are NF4 where bitsandbytes is installed, else BF16, which the result says.
Prints one JSON object: tokens per second by the median update, and the most memory that PyTorch reserved."""
import argparse
import json
import statistics
import sys
import time

# Layers, embedding, feed forward, heads, heads of keys, vocabulary: those of RandomModelShape.
SHAPES = {
    "tiny": (2, 256, 512, 4, 2, 512),
    "0.5b": (24, 1024, 4096, 16, 16, 32000),
    "1b": (16, 2048, 8192, 32, 8, 32000),
    "8b": (32, 4096, 14336, 32, 8, 128256),
}
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=2)
    return parser.parse_args()


def quantize(torch, model):
    """Replaces the linear layers of the blocks by NF4 ones; says what the weights are then."""
    try:
        import bitsandbytes
    except ImportError:
        return "bf16"
    for parent in list(model.model.layers.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, torch.nn.Linear):
                small = bitsandbytes.nn.Linear4bit(
                    layer.in_features, layer.out_features, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4")
                small.weight = bitsandbytes.nn.Params4bit(layer.weight.data.cpu(), requires_grad=False, quant_type="nf4")
                setattr(parent, name, small.to(model.device))
    torch.cuda.empty_cache()
    return "nf4"


def main():
    options = arguments()
    try:
        import torch
        import transformers
        from peft import LoraConfig, get_peft_model
    except ImportError as missing:
        sys.exit(f"not measured: {missing}")
    if not torch.cuda.is_available():
        sys.exit("not measured: PyTorch finds no GPU")
    layers, embedding, feed_forward, heads, key_heads, vocabulary = SHAPES[options.shape]
    config = transformers.LlamaConfig(
        num_hidden_layers=layers, hidden_size=embedding, intermediate_size=feed_forward, num_attention_heads=heads,
        num_key_value_heads=key_heads, vocab_size=vocabulary, max_position_embeddings=4096, tie_word_embeddings=False, use_cache=False)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")
    weights = quantize(torch, model)
    for parameter in model.parameters():
        parameter.requires_grad = False
    model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=LINEAR, task_type="CAUSAL_LM"))
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.enable_input_require_grads()
    model.train()
    optimizer = torch.optim.AdamW([parameter for parameter in model.parameters() if parameter.requires_grad], lr=1e-4)
    torch.cuda.reset_peak_memory_stats()
    times = []
    for step in range(options.warmup + options.steps):
        row = torch.randint(0, vocabulary, (1, options.tokens), device="cuda")
        torch.cuda.synchronize()
        start = time.perf_counter()
        loss = model(input_ids=row, labels=row).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        torch.cuda.synchronize()
        if step >= options.warmup:
            times.append(time.perf_counter() - start)
    seconds = statistics.median(times)
    print(json.dumps({
        "shape": options.shape, "weights": weights, "torch": torch.__version__, "device": torch.cuda.get_device_name(),
        "tokensPerSecond": options.tokens / seconds, "secondsPerStep": seconds, "peakMemoryBytes": torch.cuda.max_memory_reserved(),
    }))


if __name__ == "__main__":
    main()
