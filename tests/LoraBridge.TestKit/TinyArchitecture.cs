namespace LoraBridge.TestKit;

/// <summary>Architectures that <see cref="TinyModels"/> writes.</summary>
public enum TinyArchitecture
{
    /// <summary>Llama, with an output matrix of its own.</summary>
    Llama,

    /// <summary>Qwen 3, with normalised queries and keys.</summary>
    Qwen3,

    /// <summary>Gemma 3, with sliding windows and the embedding as its output.</summary>
    Gemma3,
}
