namespace LoraBridge.Native;

/// <summary>Causal or bidirectional attention (<c>llama_attention_type</c>).</summary>
internal enum LlamaAttentionType
{
    Unspecified = -1,
    Causal = 0,
    NonCausal = 1,
}

/// <summary>Kinds of contexts (<c>llama_context_type</c>).</summary>
internal enum LlamaContextType
{
    Default = 0,
    Mtp = 1,
}

/// <summary>When flash attention is used (<c>llama_flash_attn_type</c>).</summary>
internal enum LlamaFlashAttentionType
{
    Auto = -1,
    Disabled = 0,
    Enabled = 1,
}

/// <summary>Type of an overridden metadata value (<c>llama_model_kv_override_type</c>).</summary>
internal enum LlamaKvOverrideType
{
    Int = 0,
    Float = 1,
    Bool = 2,
    Str = 3,
}

/// <summary>Which tensors are read on demand (<c>llama_lazy_mode</c>).</summary>
internal enum LlamaLazyMode
{
    Off = 0,
    Auto = 1,
    On = 2,
}

/// <summary>How a model file is read (<c>llama_load_mode</c>).</summary>
internal enum LlamaLoadMode
{
    Auto = -1,
    None = 0,
    Mmap = 1,
    Mlock = 2,
    MmapMlock = 3,
    DirectIo = 4,
}

/// <summary>How embeddings of a sequence are pooled (<c>llama_pooling_type</c>).</summary>
internal enum LlamaPoolingType
{
    Unspecified = -1,
    None = 0,
    Mean = 1,
    Cls = 2,
    Last = 3,
    Rank = 4,
}

/// <summary>Context extension of rotary embeddings (<c>llama_rope_scaling_type</c>).</summary>
internal enum LlamaRopeScalingType
{
    Unspecified = -1,
    None = 0,
    Linear = 1,
    Yarn = 2,
    Longrope = 3,
}

/// <summary>How a model spreads over devices (<c>llama_split_mode</c>).</summary>
internal enum LlamaSplitMode
{
    None = 0,
    Layer = 1,
    Row = 2,
    Tensor = 3,
}

/// <summary>Attributes of a token (<c>llama_token_attr</c>).</summary>
[Flags]
internal enum LlamaTokenAttributes
{
    Undefined = 0,
    Unknown = 1 << 0,
    Unused = 1 << 1,
    Normal = 1 << 2,
    Control = 1 << 3,
    UserDefined = 1 << 4,
    Byte = 1 << 5,
    Normalized = 1 << 6,
    Lstrip = 1 << 7,
    Rstrip = 1 << 8,
    SingleWord = 1 << 9,
}

/// <summary>Kinds of tokenisers (<c>llama_vocab_type</c>).</summary>
internal enum LlamaVocabType
{
    None = 0,
    Spm = 1,
    Bpe = 2,
    Wpm = 3,
    Ugm = 4,
    Rwkv = 5,
    Plamo2 = 6,
    Test = 7,
}
