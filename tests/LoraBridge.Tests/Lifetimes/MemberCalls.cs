using System.Reflection;
using System.Runtime.ExceptionServices;
using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Tests.Lifetimes;

/// <summary>A call of a public member.</summary>
/// <param name="Name">The member.</param>
/// <param name="Call">Calls it, and waits for what it begins.</param>
/// <param name="IsOnce">Whether it succeeds only once, or takes its time.</param>
internal sealed record MemberCall(string Name, Action<object> Call, bool IsOnce = false)
{
    /// <summary>Calls it; answers what it threw, or null.</summary>
    internal Exception? Invoke(object target)
    {
        try
        {
            Call(target);
            return null;
        }
        catch (TargetInvocationException failure)
        {
            return failure.InnerException;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }
}

/// <summary>Finds the public members of a type, and arguments for them.</summary>
internal static class MemberCalls
{
    private static readonly string[] TakeTime = ["TrainTo", "EstimateMemory", "Submit", "Generate", "Continue", "Regenerate", "Commit", "ResumeFrom"];

    internal static IReadOnlyList<MemberCall> Of(Type type, DisposableSamples samples) =>
    [
        .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(Get),
        .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.SetMethod is { IsPublic: true })
            .Select(property => Set(property, samples)),
        .. type.GetMethods(BindingFlags.Public | BindingFlags.Instance)
            .Where(method => !method.IsSpecialName && method.DeclaringType != typeof(object) && method.Name != nameof(IDisposable.Dispose))
            .Where(method => !method.GetParameters().Any(parameter => parameter.ParameterType.IsByRefLike))
            .Select(method => Method(method, samples)),
        .. Spans(type),
    ];

    private static MemberCall Get(PropertyInfo property) => new($"{property.DeclaringType!.Name}.{property.Name}", target => property.GetValue(target));

    private static MemberCall Set(PropertyInfo property, DisposableSamples samples) =>
        new($"{property.DeclaringType!.Name}.{property.Name} =", target => property.SetValue(target, samples.Argument(property.PropertyType, property.Name, target)));

    private static MemberCall Method(MethodInfo method, DisposableSamples samples) => new(
        $"{method.DeclaringType!.Name}.{method.Name}",
        target => Await(method.Invoke(target, [.. method.GetParameters().Select(parameter => samples.Argument(parameter.ParameterType, method.Name, target))])),
        IsOnce: TakeTime.Any(name => method.Name.StartsWith(name, StringComparison.Ordinal)));

    /// <summary>Members that reflection cannot call.</summary>
    private static IEnumerable<MemberCall> Spans(Type type)
    {
        if (type == typeof(LM))
            yield return new("LM.Detokenize", target => ((LM)target).Detokenize([65, 66]));
        if (type == typeof(GgufFile))
            yield return new("GgufFile.Read", target => ((GgufFile)target).Read(((GgufFile)target).Tensors[0], new byte[4]));
        if (type == typeof(GgufModelFiles))
            yield return new("GgufModelFiles.Read", target => ((GgufModelFiles)target).Read(((GgufModelFiles)target).Tensors[0], new byte[4]));
    }

    private static void Await(object? result)
    {
        switch (result)
        {
            case Task task:
                task.GetAwaiter().GetResult();
                break;
            case IAsyncEnumerable<object> updates:
                EnumerateAsync(updates).GetAwaiter().GetResult();
                break;
            case IDisposable scope:
                scope.Dispose();
                break;
        }
    }

    private static async Task EnumerateAsync(IAsyncEnumerable<object> updates)
    {
        await foreach (var _ in updates)
        {
        }
    }
}
