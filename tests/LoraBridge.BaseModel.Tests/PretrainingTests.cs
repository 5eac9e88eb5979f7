using LoraBridge.Examples.BaseModel;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.BaseModel.Tests;

/// <summary>The base model's training, on a model of a tenth of the width.</summary>
public sealed class PretrainingTests(SmallCorpus corpus) : IClassFixture<SmallCorpus>
{
    private static readonly Architecture Narrow = new() { Embedding = 64, FeedForward = 128, Layers = 2, Heads = 2, KeyValueHeads = 2 };

    [Fact]
    public void The_same_recipe_gives_the_same_bytes_whatever_the_threads()
    {
        using var folder = new TemporaryFolder();
        var losses = Train(folder["one.gguf"], threads: 1);
        Train(folder["two.gguf"], threads: 2);
        Assert.Equal(File.ReadAllBytes(folder["one.gguf"]), File.ReadAllBytes(folder["two.gguf"]));
        Assert.InRange(losses[^1], 0, losses[0] - 1);
    }

    [Fact]
    public void The_random_model_has_the_parameters_of_the_formula_and_its_output_starts_as_the_embedding()
    {
        using var folder = new TemporaryFolder();
        WriteRandom(folder["random.gguf"]);
        using var model = new LM(folder["random.gguf"], TinyModels.Device);
        Assert.Equal(Narrow.ParameterCount(corpus.Set.Tokenizer.Vocabulary.Count), model.ParameterCount);
        Assert.Equal("llama", model.Architecture);
    }

    private List<double> Train(string path, int threads)
    {
        var start = path + ".start";
        WriteRandom(start);
        var losses = new List<double>();
        var parameters = corpus.Recipe.Training.ToParameters() with { Threads = threads, WarmupSteps = 2, LearningRate = 5e-3f };
        new ModelPretraining(start, parameters).Train(
            [.. corpus.Set.Rows.Take(24).Select(row => row.Select(sample => (sample.InputIds, sample.Labels)).ToList())], path,
            new ProgressPrinter(progress => losses.Add(progress.Loss)));
        return losses;
    }

    private void WriteRandom(string path) =>
        ModelFile.WriteRandom(path, Narrow, corpus.Set.Tokenizer.Vocabulary, corpus.Recipe.Training.Context, seed: 1);
}
