using System.Runtime.CompilerServices;
using LLama;
using LoraBridge.Model;

namespace LoraBridge.LLamaSharp;

/// <summary>LoRA adapters on LLamaSharp's contexts: checked before llama.cpp sees them, and never silently without effect.</summary>
/// <remarks>
/// After each change the context forgets the tokens it has read, whose keys and values are those of the former weights. Executors keep
/// count of what the context has read: make a new one after a change, or load a state that was saved under the same adapters. Change
/// adapters while no text is generated. LLamaSharp's own <c>SetLoraAdapters</c> on the same context replaces what is applied here.
/// </remarks>
public static class AdapterExtensions
{
    private static readonly ConditionalWeakTable<LLamaContext, ContextAdapters> s_contexts = [];

    /// <summary>Reads an adapter and applies it to a context. Several adapters add up.</summary>
    /// <param name="context">The context; others of the same model stay as they are.</param>
    /// <param name="path">GGUF adapter.</param>
    /// <param name="scale">How strongly it counts, 1 as trained; 0 turns it off, below 0 it counts against what it was trained for.</param>
    /// <returns>The adapter, to change its scale or to remove it.</returns>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The scale is infinite or not a number.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a valid adapter, or llama.cpp refused it for this model.</exception>
    /// <exception cref="AdapterMismatchException">The adapter was made for another architecture.</exception>
    /// <exception cref="NotSupportedException">This build of llama.cpp would terminate the process when it uses the adapter.</exception>
    /// <exception cref="ObjectDisposedException">The context was disposed.</exception>
    public static LoraAdapter ApplyLoraAdapter(this LLamaContext context, string path, float scale = 1) =>
        ApplyLoraAdapter(context, new LoraAdapter(path) { Scale = scale });

    /// <summary>Applies an adapter to a context with the adapter's scale; one that is applied already stays as it is. Several add up.</summary>
    /// <param name="context">The context; others of the same model stay as they are.</param>
    /// <param name="adapter">The adapter; it may be applied to several contexts and models.</param>
    /// <returns>The same adapter.</returns>
    /// <exception cref="ArgumentNullException">The context or the adapter is null.</exception>
    /// <inheritdoc cref="ApplyLoraAdapter(LLamaContext, string, float)" path="/exception"/>
    public static LoraAdapter ApplyLoraAdapter(this LLamaContext context, LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        Of(context).Apply(adapter);
        return adapter;
    }

    /// <summary>Changes how strongly an applied adapter counts on a context.</summary>
    /// <param name="context">The context.</param>
    /// <param name="adapter">The adapter; its own <see cref="LoraAdapter.Scale"/> stays as it is.</param>
    /// <param name="scale">The scale, 1 as trained.</param>
    /// <exception cref="ArgumentNullException">The context or the adapter is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The scale is infinite or not a number.</exception>
    /// <exception cref="InvalidOperationException">The adapter is not applied to the context.</exception>
    /// <exception cref="ObjectDisposedException">The context was disposed.</exception>
    public static void SetLoraAdapterScale(this LLamaContext context, LoraAdapter adapter, float scale)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        if (!float.IsFinite(scale))
            throw new ArgumentOutOfRangeException(nameof(scale), scale, "The scale of an adapter is a finite number.");
        Of(context).SetScale(adapter, scale);
    }

    /// <summary>Removes an adapter from a context: it responds as it did before, bit for bit.</summary>
    /// <param name="context">The context.</param>
    /// <param name="adapter">The adapter.</param>
    /// <returns>Whether it was applied.</returns>
    /// <exception cref="ArgumentNullException">The context or the adapter is null.</exception>
    /// <exception cref="ObjectDisposedException">The context was disposed.</exception>
    public static bool RemoveLoraAdapter(this LLamaContext context, LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        return Of(context).Remove(adapter);
    }

    /// <summary>The adapters that are applied to a context, in the order in which they were applied, with their scales.</summary>
    /// <param name="context">The context.</param>
    /// <exception cref="ArgumentNullException">The context is null.</exception>
    public static IReadOnlyList<(LoraAdapter Adapter, float Scale)> LoraAdapters(this LLamaContext context) => Of(context).Applied;

    private static ContextAdapters Of(LLamaContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return s_contexts.GetValue(context, static context => new ContextAdapters(context.NativeHandle));
    }
}
