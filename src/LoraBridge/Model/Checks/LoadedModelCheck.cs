using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Model.Checks;

/// <summary>What only llama.cpp can tell about a model, asked once after loading.</summary>
internal static class LoadedModelCheck
{
    /// <summary>Passes the model on, or disposes it and throws.</summary>
    /// <exception cref="InvalidDataException">Tokenising a text with this model would end the process.</exception>
    internal static LlamaModelHandle Check(LlamaModelHandle model, string path)
    {
        var vocabulary = llama_model_get_vocab(model.Pointer);
        var type = llama_vocab_type(vocabulary);
        var problem =
            type == LlamaVocabType.None ? null
            : llama_vocab_get_add_bos(vocabulary) && llama_vocab_bos(vocabulary) < 0 ? "wants a start token before a text, but names none"
            : llama_vocab_get_add_eos(vocabulary) && llama_vocab_eos(vocabulary) < 0 ? "wants an end token after a text, but names none"
            : type == LlamaVocabType.Wpm && llama_vocab_bos(vocabulary) < 0 ? "wants a start token before a text, but names none"
            : type == LlamaVocabType.Wpm && llama_vocab_sep(vocabulary) < 0 ? "wants a separator after a text, but names none"
            : null;
        if (problem is null)
            return model;
        model.Dispose();
        throw new InvalidDataException($"{path}: the tokenizer {problem}");
    }
}
