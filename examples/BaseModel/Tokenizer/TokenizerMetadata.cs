using LoraBridge.Formats;

namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>A vocabulary as the <c>tokenizer.*</c> metadata of a GGUF file, from which llama.cpp tokenises.</summary>
internal static class TokenizerMetadata
{
    private const int Normal = 1;
    private const int Control = 3;

    public static void Write(BpeVocabulary vocabulary, GgufMetadata metadata)
    {
        var endOfText = (uint)vocabulary.Id(BpeVocabulary.EndOfText);
        var turnEnd = (uint)vocabulary.Id(BpeVocabulary.TurnEnd);
        var types = Enumerable.Range(0, vocabulary.Count).Select(id => BpeVocabulary.IsControl(id) ? Control : Normal).ToArray();

        metadata["tokenizer.ggml.model"] = "gpt2";
        metadata["tokenizer.ggml.pre"] = PreTokenizer.Name;
        metadata["tokenizer.ggml.tokens"] = GgufValue.FromStrings(vocabulary.Tokens);
        metadata["tokenizer.ggml.token_type"] = GgufValue.FromArray<int>(types);
        metadata["tokenizer.ggml.merges"] = GgufValue.FromStrings(vocabulary.Merges.Select(m => $"{vocabulary.Tokens[m.Left]} {vocabulary.Tokens[m.Right]}"));
        metadata["tokenizer.ggml.bos_token_id"] = endOfText;
        metadata["tokenizer.ggml.eos_token_id"] = turnEnd;
        metadata["tokenizer.ggml.eot_token_id"] = turnEnd;
        metadata["tokenizer.ggml.padding_token_id"] = endOfText;
        metadata["tokenizer.ggml.add_bos_token"] = false;
        metadata["tokenizer.ggml.add_eos_token"] = false;
        metadata["tokenizer.chat_template"] = ChatMl.Template;
    }
}
