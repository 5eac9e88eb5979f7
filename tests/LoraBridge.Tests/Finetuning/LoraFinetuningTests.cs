using LoraBridge.Adapters;
using LoraBridge.Evaluation;
using LoraBridge.Finetuning;
using LoraBridge.Merging;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.Finetuning;

public sealed class LoraFinetuningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);

    [Theory]
    [InlineData(TinyArchitecture.Llama, TinyType.F32, 1e-3)]
    [InlineData(TinyArchitecture.Gemma3, TinyType.F32, 1e-3)]
    [InlineData(TinyArchitecture.Qwen3, TinyType.Q4_K_M, 2e-2)]
    public void The_loss_falls_and_is_the_one_that_inference_has(TinyArchitecture architecture, TinyType type, double tolerance)
    {
        using var model = TinyModels.Load(architecture, type);
        using var finetuning = TrainingRuns.Create(model, _folder);

        var result = finetuning.TrainToAdapter(_folder["adapter.gguf"]);

        Assert.Equal(TrainingStatus.Completed, result.Status);
        Assert.Equal(6, result.Steps);
        Assert.True(result.FinalLoss < result.FirstLoss - 0.05, $"{result.FirstLoss} -> {result.FinalLoss}");
        Assert.Equal(Loss(model, adapter: null), result.FirstLoss, tolerance);
        Assert.Equal(Loss(model, result.AdapterPath), result.FinalLoss, tolerance);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_does_not()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder);
        finetuning.TrainToAdapter(_folder["a.gguf"]);
        finetuning.TrainToAdapter(_folder["b.gguf"]);
        finetuning.Parameters = finetuning.Parameters with { Seed = 0 };
        finetuning.TrainToAdapter(_folder["c.gguf"]);

        Assert.Equal(File.ReadAllBytes(_folder["a.gguf"]), File.ReadAllBytes(_folder["b.gguf"]));
        Assert.NotEqual(File.ReadAllBytes(_folder["a.gguf"]), File.ReadAllBytes(_folder["c.gguf"]));
    }

    [Fact]
    public void Training_leaves_the_model_as_it_was()
    {
        var bytes = File.ReadAllBytes(TinyModels.PathOf(TinyArchitecture.Llama));
        var before = Loss(_model, adapter: null);
        using var finetuning = TrainingRuns.Create(_model, _folder);

        finetuning.TrainToAdapter(_folder["adapter.gguf"]);

        Assert.Equal(before, Loss(_model, adapter: null));
        Assert.Equal(bytes, File.ReadAllBytes(TinyModels.PathOf(TinyArchitecture.Llama)));
    }

    [Fact]
    public void Packed_rows_have_the_losses_of_single_ones()
    {
        using var packed = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { MaxSteps = 1 });
        using var single = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { MaxSteps = 1, SequencePacking = false });

        Assert.Equal(
            single.TrainToAdapter(_folder["single.gguf"]).FirstLoss, packed.TrainToAdapter(_folder["packed.gguf"]).FirstLoss, 1e-4);
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(1, 4)]
    public void Only_the_product_of_batch_and_accumulation_matters(int batch, int accumulation)
    {
        var parameters = TrainingRuns.Quick with { MaxSteps = 2, SequencePacking = false, BatchSize = 4 };
        using var whole = TrainingRuns.Create(_model, _folder, parameters);
        using var split = TrainingRuns.Create(_model, _folder, parameters with { BatchSize = batch, GradientAccumulation = accumulation });
        whole.TrainToAdapter(_folder["whole.gguf"]);
        split.TrainToAdapter(_folder["split.gguf"]);

        using var expected = GgufFile.Open(_folder["whole.gguf"]);
        using var actual = GgufFile.Open(_folder["split.gguf"]);
        foreach (var tensor in expected.Tensors)
        {
            var pairs = TensorReader.ReadFloats(expected, tensor).Zip(TensorReader.ReadFloats(actual, tensor.Name));
            Assert.All(pairs, pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        }
    }

    [Fact]
    public void Conversations_are_learnt()
    {
        var chat = new ChatHistory();
        chat.AddUserMessage("Hi");
        chat.AddAssistantMessage("Ho ho ho");
        using var finetuning = new LoraFinetuning(_model) { Parameters = TrainingRuns.Quick };
        finetuning.AddTrainingData(chat);

        var result = finetuning.TrainToAdapter(_folder["adapter.gguf"]);

        Assert.Equal(1, finetuning.SampleCount);
        Assert.Equal(0, finetuning.UnmaskedSampleCount);
        Assert.True(result.FinalLoss < result.FirstLoss);
        Assert.NotEmpty(_model.ApplyLoraAdapter(result.AdapterPath!).TargetModules);
    }

    [Fact]
    public void A_scaled_rank_is_written_as_the_alpha_that_inference_divides()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { MaxSteps = 1, UseRsLora = true });
        finetuning.TrainToAdapter(_folder["adapter.gguf"]);
        Assert.Equal(8 * 2, LoraAdapter.Inspect(_folder["adapter.gguf"]).Alpha);
    }

    [Fact]
    public void Patterns_give_weights_ranks_of_their_own()
    {
        var parameters = TrainingRuns.Quick with { MaxSteps = 1, RankPattern = [new LoraRank("blk.0.attn_q", 2), new LoraRank("ffn_*", 3)] };
        using var finetuning = TrainingRuns.Create(_model, _folder, parameters);
        finetuning.TrainToAdapter(_folder["adapter.gguf"]);

        var ranks = AdapterFile.Read(_folder["adapter.gguf"]).Pairs.ToDictionary(pair => pair.Target, pair => pair.Rank);
        Assert.Equal(2, ranks["blk.0.attn_q.weight"]);
        Assert.Equal(4, ranks["blk.1.attn_q.weight"]);
        Assert.Equal(3, ranks["blk.1.ffn_up.weight"]);
    }

    [Fact]
    public void An_adapter_can_be_trained_further()
    {
        using var first = TrainingRuns.Create(_model, _folder);
        var before = first.TrainToAdapter(_folder["first.gguf"]);
        using var second = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { Rank = 16, InitialAdapter = _folder["first.gguf"] });
        var after = second.TrainToAdapter(_folder["second.gguf"]);

        Assert.Equal(before.FinalLoss, after.FirstLoss, 1e-6);
        Assert.True(after.FinalLoss < after.FirstLoss);
        Assert.Equal(4, LoraAdapter.Inspect(_folder["second.gguf"]).Rank);
    }

    [Theory]
    [InlineData("mamba2-dense.gguf")]
    [InlineData("qwen35-dense.gguf")]
    public void A_state_is_not_carried_from_sample_to_sample(string name)
    {
        using var model = new LM(Zoo.PathOf(name), TinyModels.Device);
        using var finetuning = TrainingRuns.Create(model, _folder, TrainingRuns.Quick with { MaxSteps = 2 });

        var result = finetuning.TrainToAdapter(_folder["adapter.gguf"]);

        Assert.Equal(2.0 / TrainingRuns.Rows.Length, result.Epochs);
        Assert.Equal(Loss(model, adapter: null), result.FirstLoss, 1e-3);
        Assert.Equal(Loss(model, result.AdapterPath), result.FinalLoss, 1e-3);
    }

    [Fact]
    public void A_merged_model_has_the_final_loss()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder);
        var result = finetuning.TrainToModel(_folder["merged.gguf"]);
        using var merged = new LM(result.ModelPath!, TinyModels.Device);
        Assert.Equal(result.FinalLoss, Loss(merged, adapter: null), 1e-3);
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private static double Loss(LM model, string? adapter)
    {
        LoraAdapter[] adapters = adapter is null ? [] : [model.ApplyLoraAdapter(adapter)];
        using var evaluator = new TokenLossEvaluator(model.Core, adapters, longestRow: 64);
        return evaluator.Evaluate(TrainingRuns.Rows.Select(row => (row, (int[]?)null)), TestContext.Current.CancellationToken).Mean;
    }
}
