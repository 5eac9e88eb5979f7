using LoraBridge.Examples;
using LoraBridge.Examples.BaseModel;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
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
        Assert.InRange(losses[^1], 0, losses[0] - 0.5);
    }

    [Fact]
    public void The_random_model_has_the_parameters_of_the_formula_and_its_output_starts_as_the_embedding()
    {
        using var folder = new TemporaryFolder();
        WriteRandom(folder["random.gguf"]);
        using var model = new LM(folder["random.gguf"], TinyModels.Device);
        Assert.Equal(Narrow.ParameterCount(corpus.Set.Tokenizer.Vocabulary.Count), model.ParameterCount);
        Assert.Equal("llama", model.Architecture);
        using var file = GgufFile.Open(folder["random.gguf"]);
        Assert.Equal(file.ReadAll(file.Find("token_embd.weight")!), file.ReadAll(file.Find("output.weight")!));
    }

    [Fact]
    public void A_training_that_was_cancelled_goes_on_to_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        Train(folder["whole.gguf"]);

        WriteRandom(folder["start.gguf"]);
        using var stop = new CancellationTokenSource();
        var parameters = Parameters with { CheckpointDirectory = folder["checkpoints"], CheckpointInterval = 3 };
        var stopping = new DirectProgress<PretrainingProgress>(progress => { if (progress.Step == 5) stop.Cancel(); });
        Assert.Throws<OperationCanceledException>(() => new ModelPretraining(folder["start.gguf"], parameters).Train(Rows, folder["model.gguf"], stopping, stop.Token));
        Assert.False(File.Exists(folder["model.gguf"]));

        var resumed = new ModelPretraining(folder["start.gguf"], parameters with { Threads = 2 });
        resumed.ResumeFrom(folder["checkpoints"]);
        var steps = new List<int>();
        resumed.Train(Rows, folder["model.gguf"], new DirectProgress<PretrainingProgress>(progress => steps.Add(progress.Step)));
        Assert.Equal(Enumerable.Range(6, 7), steps);
        Assert.Equal(File.ReadAllBytes(folder["whole.gguf"]), File.ReadAllBytes(folder["model.gguf"]));

        var other = new ModelPretraining(folder["start.gguf"], parameters with { LearningRate = 1e-4f });
        other.ResumeFrom(folder["checkpoints"]);
        Assert.Contains("LearningRate", Assert.Throws<CheckpointMismatchException>(() => other.Train(Rows, folder["model.gguf"])).Message);
    }

    [Fact]
    public void Rows_that_the_model_cannot_read_are_refused()
    {
        using var folder = new TemporaryFolder();
        WriteRandom(folder["start.gguf"]);
        var vocabulary = corpus.Set.Tokenizer.Vocabulary.Count;
        AssertRefused("row 2 has token 4000", [[([1], [1])], [([4000], [-100])]]);
        AssertRefused($"row 1 has token {vocabulary}", [[([1], [vocabulary])]]);
        AssertRefused("row 1 has token -1", [[([-1], [-100])]]);
        AssertRefused("row 1 has a sample of 2 tokens and 1 labels", [[([1, 2], [1])]]);
        AssertRefused("row 1 has 300 tokens, expected 1 to 256", [[(new int[300], new int[300])]]);
        AssertRefused("no rows", []);

        void AssertRefused(string expected, IReadOnlyList<IReadOnlyList<(int[], int[])>> rows) => Assert.Contains(
            expected, Assert.Throws<ArgumentException>(() => new ModelPretraining(folder["start.gguf"]).Train(rows, folder["model.gguf"])).Message);
    }

    private PretrainingParameters Parameters => corpus.Recipe.Training.ToParameters() with { Threads = 1, WarmupSteps = 2, LearningRate = 5e-3f };

    private IReadOnlyList<IReadOnlyList<(int[] InputIds, int[] Labels)>> Rows =>
        [.. corpus.Set.Rows.Take(24).Select(row => row.Select(sample => (sample.InputIds, sample.Labels)).ToList())];

    private List<double> Train(string path, int threads = 1)
    {
        WriteRandom(path + ".start");
        var losses = new List<double>();
        new ModelPretraining(path + ".start", Parameters with { Threads = threads }).Train(Rows, path, new DirectProgress<PretrainingProgress>(progress => losses.Add(progress.Loss)));
        return losses;
    }

    private void WriteRandom(string path) =>
        ModelFile.WriteRandom(path, Narrow, corpus.Set.Tokenizer.Vocabulary, corpus.Recipe.Training.Context, seed: 1);
}
