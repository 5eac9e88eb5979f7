using CsCheck;
using LoraBridge.Examples.BaseModel;
using LoraBridge.Examples.BaseModel.Tokenizer;
using LoraBridge.Examples.BaseModel.World;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.BaseModel.Tests;

/// <summary>llama.cpp reads the tokenizer from the file and cuts text as the trainer of the base model did.</summary>
public sealed class LlamaTokenizerTests : IClassFixture<SmallCorpus>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly BpeTokenizer _tokenizer;
    private readonly LM _model;

    public LlamaTokenizerTests(SmallCorpus corpus)
    {
        var shape = new Architecture { Embedding = 64, FeedForward = 64, Layers = 1, Heads = 1, KeyValueHeads = 1 };
        _tokenizer = corpus.Set.Tokenizer;
        ModelFile.WriteRandom(_folder["model.gguf"], shape, _tokenizer.Vocabulary, context: 256, seed: 1);
        _model = new LM(_folder["model.gguf"], TinyModels.Device);
        Documents = [.. corpus.Set.Documents.Take(500).Select(ChatMl.Render)];
    }

    private string[] Documents { get; }

    [Fact]
    public void Documents_of_the_corpus_have_the_same_tokens() =>
        Assert.All(Documents, text => Assert.Equal(_tokenizer.EncodeWithControlTokens(text), _model.Tokenize(text, addSpecial: false, parseSpecial: true)));

    [Fact]
    public void Any_text_comes_back_through_llama_cpp() =>
        TokenizerTests.AnyText.Sample(
            text => Assert.Equal(text, _model.Detokenize(_model.Tokenize(text, addSpecial: false))), iter: 1000, threads: 1);

    [Fact]
    public void Texts_of_letters_digits_and_signs_have_the_same_tokens() =>
        Gen.Char[' ', '\u024F'].Where(c => c < 0x7F || char.IsLetter(c)).Array[0, 40].Select(characters => new string(characters)).Sample(
            text => Assert.Equal(_tokenizer.Encode(text), _model.Tokenize(text, addSpecial: false)), iter: 1000, threads: 1);

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }
}
