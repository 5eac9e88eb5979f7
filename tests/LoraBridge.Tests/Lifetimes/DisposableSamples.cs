using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.Tests.Adapters;
using LoraBridge.Tests.Finetuning;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.Lifetimes;

/// <summary>One of each public type that can be disposed, and arguments for its members.</summary>
internal sealed class DisposableSamples : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _safetensors;
    private readonly string _adapter;
    private readonly LoraAdapter _loraAdapter;
    private readonly string _model = TinyModels.PathOf(TinyArchitecture.Llama);
    private readonly LM _shared = TinyModels.Load(TinyArchitecture.Llama);
    private int _count;

    internal DisposableSamples()
    {
        _adapter = _folder["adapter.gguf"];
        TinyAdapters.Create(_model).Save(_adapter);
        _loraAdapter = new LoraAdapter(_adapter);
        _safetensors = System.IO.Path.Combine(new PeftFolder(_folder).AddModule("layer", 4, 4).Save("{}"), "adapter_model.safetensors");
        _shared.ApplyLoraAdapter(_adapter);
        using (var saved = Begun(new SingleTurnConversation(_shared)))
            saved.SaveState(_folder["state"]);
        Factories = new Dictionary<Type, Func<IDisposable>>
        {
            [typeof(LM)] = () => TinyModels.Load(TinyArchitecture.Llama),
            [typeof(MultiTurnConversation)] = () => Begun(new MultiTurnConversation(_shared, new ChatHistory([new("user", "a"), new("assistant", "b")]))),
            [typeof(SingleTurnConversation)] = () => Begun(new SingleTurnConversation(_shared)),
            [typeof(Embedder)] = () => new Embedder(_shared),
            [typeof(LoraFinetuning)] = () => Prepared(TrainingRuns.Create(_shared, _folder)),
            [typeof(GgufFile)] = () => GgufFile.Open(_model),
            [typeof(GgufModelFiles)] = () => GgufModelFiles.Open(_model),
            [typeof(SafetensorsFile)] = () => SafetensorsFile.Open(_safetensors),
            [typeof(SafetensorsModelFiles)] = () => SafetensorsModelFiles.Open(_safetensors),
            [typeof(AtomicFile)] = () => AtomicFile.Create(_folder[$"atomic-{_count++}"], overwrite: true),
        };
    }

    internal IReadOnlyDictionary<Type, Func<IDisposable>> Factories { get; }

    private static LoraFinetuning Prepared(LoraFinetuning finetuning)
    {
        finetuning.PrepareData();
        return finetuning;
    }

    public void Dispose()
    {
        _shared.Dispose();
        _folder.Dispose();
    }

    /// <summary>A value of a type that a member takes.</summary>
    internal object? Argument(Type type, string member, object target)
    {
        if (type == typeof(string))
            return Text(member);
        // One object: another with the same file would be refused while this one is applied.
        if (type == typeof(LoraAdapter))
            return _loraAdapter;
        if (type == typeof(IEnumerable<LoraAdapter>))
            return new[] { _loraAdapter };
        if (type == typeof(IReadOnlyList<ChatMessage>))
            return new[] { new ChatMessage(ChatRole.User, "hello") };
        if (type == typeof(IReadOnlyList<string>))
            return Array.Empty<string>();
        if (type == typeof(SamplingMode))
            return SamplingMode.Greedy;
        if (type == typeof(ChatHistory))
            return new ChatHistory([new("user", "a"), new("assistant", "b")]);
        if (type == typeof(TrainingDataset))
            return TrainingDataset.FromChats([new ChatHistory([new("user", "a"), new("assistant", "b")])]);
        if (type == typeof(LoraTrainingParameters))
            return new LoraTrainingParameters { MaxSteps = 1, ContextLength = 32 };
        if (type == typeof(GgufTensorInfo))
            return ((GgufFile)target).Tensors[0];
        if (type == typeof(GgufModelTensor))
            return ((GgufModelFiles)target).Tensors[0];
        if (type == typeof(SafetensorsTensorInfo))
            return ((SafetensorsFile)target).Tensors[0];
        if (type == typeof(object))
            return this;
        return type.IsValueType ? Activator.CreateInstance(type) : null;
    }

    /// <summary>Begins a training whose owner, and the owner's model, are disposed at once.</summary>
    internal Task<TrainingResult> TrainAndLetGo()
    {
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        using var finetuning = TrainingRuns.Create(model, _folder);
        return finetuning.TrainToAdapterAsync(_folder["trained.gguf"]);
    }

    /// <summary>A conversation of which something is in a cache.</summary>
    private static Conversation Begun(Conversation conversation)
    {
        conversation.MaximumCompletionTokens = 1;
        conversation.Generate([new ChatMessage(ChatRole.User, "a")]);
        return conversation;
    }

    private string Text(string member)
    {
        if (member == nameof(Conversation.RestoreState))
            return _folder["state"];
        if (member == nameof(Conversation.SaveState))
            return _folder[$"state-{_count++}"];
        if (member.Contains("LoraAdapter", StringComparison.Ordinal))
            return _adapter;
        if (member.StartsWith("Add", StringComparison.Ordinal))
            return TrainingRuns.WriteRows(_folder);
        return member.StartsWith("TrainTo", StringComparison.Ordinal) ? _folder[$"trained-{_count++}.gguf"] : "hello";
    }
}
