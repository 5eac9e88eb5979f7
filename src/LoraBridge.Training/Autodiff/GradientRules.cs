using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;
using static LoraBridge.Training.Autodiff.Ops.Arithmetic;
using static LoraBridge.Training.Autodiff.Ops.Functions;
using static LoraBridge.Training.Autodiff.Ops.HyperConnections;
using static LoraBridge.Training.Autodiff.Ops.Layout;
using static LoraBridge.Training.Autodiff.Ops.Norms;
using static LoraBridge.Training.Autodiff.Ops.Rows;
using static LoraBridge.Training.Autodiff.Ops.Sequences;
using static LoraBridge.Training.Autodiff.Ops.Sums;

namespace LoraBridge.Training.Autodiff;

/// <summary>The operations that gradients can pass, and the rule of each, in <c>Ops/</c>.</summary>
internal static class GradientRules
{
    private static readonly Dictionary<GgmlOp, GradientRule> Rules = new()
    {
        [GgmlOp.Acc] = Acc,
        [GgmlOp.AddId] = AddId,
        [GgmlOp.Add] = Add,
        [GgmlOp.Clamp] = Clamp,
        [GgmlOp.Concat] = Concat,
        [GgmlOp.Cont] = Copy,
        [GgmlOp.Cos] = Cos,
        [GgmlOp.Cpy] = Copy,
        [GgmlOp.Cumsum] = CumSum,
        [GgmlOp.Div] = Div,
        [GgmlOp.Dsv4HcComb] = Dsv4HcComb,
        [GgmlOp.Dsv4HcPost] = Dsv4HcPost,
        [GgmlOp.Dsv4HcPre] = Dsv4HcPre,
        [GgmlOp.Dup] = Copy,
        [GgmlOp.GatedDeltaNet] = GatedDeltaNet,
        [GgmlOp.GetRows] = GetRows,
        [GgmlOp.Glu] = Glu,
        [GgmlOp.L2Norm] = L2Norm,
        [GgmlOp.LeakyRelu] = LeakyRelu,
        [GgmlOp.Log] = Log,
        [GgmlOp.Mean] = Mean,
        [GgmlOp.MulMatId] = Linear.OfGgml.Backward,
        [GgmlOp.MulMat] = Linear.OfGgml.Backward,
        [GgmlOp.Mul] = Mul,
        [GgmlOp.Norm] = Norm,
        [GgmlOp.Pad] = Pad,
        [GgmlOp.Permute] = View,
        [GgmlOp.Repeat] = Repeat,
        [GgmlOp.Reshape] = View,
        [GgmlOp.RmsNorm] = RmsNorm,
        [GgmlOp.RopeBack] = RopeBack,
        [GgmlOp.Rope] = Rope,
        [GgmlOp.Scale] = Scale,
        [GgmlOp.SetRows] = SetRows,
        [GgmlOp.Sin] = Sin,
        [GgmlOp.SoftMax] = SoftMax,
        [GgmlOp.Sqr] = Sqr,
        [GgmlOp.Sqrt] = Sqrt,
        [GgmlOp.SsmConv] = SsmConv,
        [GgmlOp.SsmScan] = SsmScan,
        [GgmlOp.Sub] = Sub,
        [GgmlOp.SumRows] = SumRows,
        [GgmlOp.Sum] = Sum,
        [GgmlOp.Transpose] = View,
        [GgmlOp.Unary] = Unary,
        [GgmlOp.View] = View,
    };

    /// <summary>Results that do not vary with their arguments in a way that has a gradient: constants, and choices of indices.</summary>
    private static readonly HashSet<GgmlOp> Constants =
        [GgmlOp.None, GgmlOp.Arange, GgmlOp.Argmax, GgmlOp.Argsort, GgmlOp.CountEqual, GgmlOp.Fill, GgmlOp.TopK];

    /// <summary>All rules; some are those of several operations.</summary>
    public static IEnumerable<GradientRule> All => Rules.Values;

    public static bool IsConstant(GgmlOp op) => Constants.Contains(op);

    public static bool IsSupported(GgmlOp op) => IsConstant(op) || Rules.ContainsKey(op);

    /// <exception cref="NotSupportedException">There is no rule: a wrong gradient is never an answer.</exception>
    public static GradientRule For(TensorPtr y) => Rules.TryGetValue(y.Op, out var rule)
        ? rule
        : throw new NotSupportedException(
            $"The model computes {(y.Name.Length > 0 ? y.Name : "a tensor")} with {Ggml.ggml_op_desc(y)}, which has no gradient rule.");
}
