using LoraBridge.Evaluation;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.Tests.Finetuning;

namespace LoraBridge.Tests.Lifetimes;

/// <summary>Weights are repacked when a model is first used for inference; training takes them plain, and shares what is loaded.</summary>
public sealed class RepackingTests : IDisposable
{
    private static readonly int[] Tokens = [.. Enumerable.Range(1, 24)];

    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Nothing_is_repacked_for_a_training()
    {
        using (var finetuning = TrainingRuns.Create(_model, _folder))
        {
            finetuning.EstimateMemory();
            finetuning.TrainToAdapter(_folder["adapter.gguf"]);
        }
        Assert.True(_model.Core.IsPlain);
        Assert.Equal(Tokens, _model.Tokenize(_model.Detokenize(Tokens), addSpecial: false));
    }

    [Fact]
    public void What_was_trained_with_a_fresh_model_talks_as_one_that_was_not()
    {
        using (var finetuning = TrainingRuns.Create(_model, _folder))
            finetuning.TrainToAdapter(_folder["adapter.gguf"]);
        using var other = TinyModels.Load(TinyArchitecture.Llama);
        Assert.Equal(Loss(other), Loss(_model));
        Assert.False(_model.Core.IsPlain);
        _model.ApplyLoraAdapter(_folder["adapter.gguf"]);
        other.ApplyLoraAdapter(_folder["adapter.gguf"]);
        Assert.Equal(Loss(other), Loss(_model));
    }

    [Fact]
    public void Adapters_that_were_applied_before_a_training_still_act()
    {
        TinyAdapters.Create(_model.Path, rank: 4, scaleOfB: 1).Save(_folder["applied.gguf"]);
        var bare = Loss(_model);
        _model.ApplyLoraAdapter(_folder["applied.gguf"]);
        var before = Loss(_model);
        using (var finetuning = TrainingRuns.Create(_model, _folder))
            finetuning.TrainToAdapter(_folder["adapter.gguf"]);
        Assert.NotEqual(bare, before);
        Assert.Equal(before, Loss(_model));
    }

    [Fact]
    public void A_model_may_talk_while_it_is_trained()
    {
        using var undisturbed = TinyModels.Load(TinyArchitecture.Llama);
        using var alone = TrainingRuns.Create(undisturbed, _folder);
        using var finetuning = TrainingRuns.Create(_model, _folder);
        var heard = 0;
        var expected = alone.TrainToAdapter(_folder["alone.gguf"]);
        var found = finetuning.TrainToAdapter(_folder["adapter.gguf"], TrainingRuns.Updates(_ => heard += double.IsFinite(Loss(_model)) ? 1 : 0));
        Assert.True(heard > 0);
        Assert.Equal(expected.FinalLoss, found.FinalLoss);
        Assert.Equal(File.ReadAllBytes(_folder["alone.gguf"]), File.ReadAllBytes(_folder["adapter.gguf"]));
    }

    [Fact]
    public void One_training_at_a_time_shares_the_model_that_is_loaded()
    {
        var core = _model.Core;
        using (var first = core.ForTraining([], Token))
        using (var second = core.ForTraining([], Token))
        {
            Assert.Equal((true, false), (first.IsShared, second.IsShared));
            Assert.NotEqual(first.Handle.Pointer, second.Handle.Pointer);
        }
        var third = core.ForTraining([], Token);
        Assert.True(third.IsShared);
        Loss(_model);
        _model.Dispose();
        Assert.False(third.Handle.IsClosed);
        third.Dispose();
        Assert.True(third.Handle.IsClosed);
    }

    [Fact]
    public void A_model_that_was_used_for_inference_is_not_shared()
    {
        Loss(_model);
        using var training = _model.Core.ForTraining([], Token);
        Assert.False(training.IsShared);
    }

    /// <summary>Tokens are counted by one thread while another one's first answer replaces the model that has the vocabulary.</summary>
    [Fact]
    public async Task Texts_are_tokenized_while_weights_are_repacked()
    {
        var text = _model.Detokenize(Tokens);
        for (var round = 0; round < 8; round++)
        {
            using var model = TinyModels.Load(TinyArchitecture.Llama);
            using var done = new CancellationTokenSource();
            var reading = Task.Run(() =>
            {
                do
                    Assert.Equal(Tokens, model.Tokenize(text, addSpecial: false));
                while (!done.IsCancellationRequested);
            }, Token);
            Loss(model);
            await done.CancelAsync();
            await reading;
        }
    }

    [Fact]
    public void A_file_that_was_replaced_before_its_weights_are_needed_again_is_refused()
    {
        var path = _folder["model.gguf"];
        TinyModelWriter.Create(TinyArchitecture.Llama).Save(path);
        using var model = new LM(path, TinyModels.Device);
        TinyModelWriter.Create(TinyArchitecture.Llama, seed: 2).Save(path, overwrite: true);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(1));
        var fault = Assert.Throws<InvalidDataException>(() => Loss(model));
        Assert.Contains("was changed or removed", fault.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => new MultiTurnConversation(model).Submit("Hi", Token));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private static double Loss(LM model)
    {
        using var evaluator = new TokenLossEvaluator(model.Core, model.Adapters, Tokens.Length);
        return evaluator.Evaluate([(Tokens, null)], Token).Mean;
    }
}
